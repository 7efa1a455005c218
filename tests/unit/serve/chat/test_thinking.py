"""Tests of serve.chat.thinking: tags at the beginning split, others do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.chat.formats.plain import PlainParser
from serve.chat.thinking import MISTRAL_THINK, THINK, Tags, Thinking
from serve.chat.types import Content, Piece, Reasoning, ReasoningFormat


def read(text: str, tags: Tags = THINK, reasoning: ReasoningFormat = ReasoningFormat.AUTO) -> list[Piece]:
    """All of it at once."""
    parser = Thinking(tags, PlainParser(), reasoning)
    return [*parser.push(text), *parser.finish()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<think>a</think>b", [Reasoning("a"), Content("b")]),
        (" \n<think>\n a \n</think>\n\n b ", [Reasoning("a"), Content("b ")]),
        ("<think></think>b", [Content("b")]),
        ("<think>a", [Reasoning("a")]),
        ("<think>a</thi", [Reasoning("a"), Reasoning("</thi")]),
        ("<think>a</think>", [Reasoning("a")]),
        ("<think>a</think>b<think>c</think>", [Reasoning("a"), Content("b<think>c</think>")]),
        ("a<think>b</think>", [Content("a<think>b</think>")]),
        ("<thin", [Content("<thin")]),
        ("", []),
        (" ", [Content(" ")]),
    ],
)
def test_thoughts_are_split_off(text: str, expected: list[Piece]) -> None:
    """White space around them is layout; thoughts cut off are thoughts."""
    assert read(text) == expected


def test_the_tags_are_the_models() -> None:
    """Mistral's are in brackets."""
    assert read("[THINK]a[/THINK]b", MISTRAL_THINK) == [Reasoning("a"), Content("b")]


@given(st.text("<>/think a\n", max_size=30))
def test_nothing_is_lost_if_nobody_wants_them_split(text: str) -> None:
    """reasoning_format none gives the very text."""
    found = read(text, reasoning=ReasoningFormat.NONE)
    assert "".join(piece.text for piece in found if isinstance(piece, Content)) == text
