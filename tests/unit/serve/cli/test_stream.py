"""Tests of serve.cli.stream."""

from __future__ import annotations

import pytest

from serve.cli.stream import Counted, Said, pieces
from serve.errors import SetupError
from tests.unit.serve.cli.talking import USAGE, delta, events


def test_a_chat_is_thoughts_text_and_a_count() -> None:
    """In their order; chunks without words are left out."""
    answer = events(
        delta(role="assistant"), delta(reasoning_content="hm"), delta(content="Hel"), delta(content="lo"), USAGE
    )
    assert list(pieces(answer.text.splitlines())) == [
        Said("hm", is_thought=True),
        Said("Hel"),
        Said("lo"),
        Counted(3, 2, 50.0),
    ]


def test_plain_completions_are_read_too() -> None:
    """`bench` asks for them."""
    assert list(pieces(events({"choices": [{"text": "a"}]}).text.splitlines())) == [Said("a")]


def test_an_answer_that_breaks_off_is_an_error() -> None:
    """Half an answer must not look like one."""
    with pytest.raises(SetupError, match="broke off"):
        list(pieces(events(delta(content="a"), done=False).text.splitlines()))


def test_an_error_in_the_stream_is_told() -> None:
    """In the server's words."""
    answer = events(delta(content="a"), {"error": {"message": "the worker died"}}, done=False)
    with pytest.raises(SetupError, match=r"^the worker died$"):
        list(pieces(answer.text.splitlines()))
