"""Tests of serve.chat.machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.chat.machine import Machine, join, possible_start
from serve.chat.types import Content, Piece, Reasoning, ToolArguments, ToolCallStart


class Splitter(Machine):
    """Content up to a tag, then reasoning up to the next."""

    def __init__(self, *tags: str) -> None:
        super().__init__(self._step)
        self.tags = tags

    def _step(self) -> bool:
        before, tag = self.take_until(*self.tags)
        self.say(Content(before))
        self.say(Reasoning(tag))
        return bool(tag)


@pytest.mark.parametrize(
    ("tags", "text", "expected"),
    [
        (("ab",), "xxabx", [Content("xx"), Reasoning("ab"), Content("x")]),
        (("ab",), "xa", [Content("xa")]),
        (("a", "abc"), "abc-ab", [Reasoning("abc"), Content("-"), Reasoning("a"), Content("b")]),
        (("``", "```j"), "```j-``x", [Reasoning("```j"), Content("-"), Reasoning("``"), Content("x")]),
    ],
)
def test_text_is_taken_up_to_the_first_tag(tags: tuple[str, ...], text: str, expected: list[Piece]) -> None:
    """Of two that begin at one place, the longer."""
    for parts in ([text], list(text)):
        machine = Splitter(*tags)
        pieces = [piece for part in parts for piece in machine.push(part)] + machine.finish()
        joined: list[Piece] = []
        for piece in pieces:
            both = join(joined[-1], piece) if joined and isinstance(piece, Content) else None
            joined[-1:] = [both] if both else [*joined[-1:], piece]
        assert joined == expected


@given(st.text("ab", max_size=8), st.text("ab", min_size=1, max_size=4))
def test_what_may_be_the_beginning_of_a_tag_is_the_longest_such_end(text: str, tag: str) -> None:
    """Never the whole tag: that would be found."""
    size = possible_start(text, tag)
    ends = [n for n in range(len(tag)) if n <= len(text) and text.endswith(tag[:n])]
    assert size == max(ends)


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        (Content("a"), Content("b"), Content("ab")),
        (Reasoning("a"), Reasoning("b"), Reasoning("ab")),
        (ToolArguments(0, "a"), ToolArguments(0, "b"), ToolArguments(0, "ab")),
        (ToolArguments(0, "a"), ToolArguments(1, "b"), None),
        (Content("a"), Reasoning("b"), None),
        (ToolCallStart(0, "i", "n"), ToolArguments(0, "b"), None),
    ],
)
def test_pieces_of_one_kind_are_one(first: Piece, second: Piece, joined: Piece | None) -> None:
    """Calls stay apart."""
    assert join(first, second) == joined
