"""Tests of serve.wire.ollama.context."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import InvalidRequestError
from serve.wire.ollama.context import pack, unpack

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SAID = st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXT))


@given(SAID)
def test_a_conversation_comes_back_as_it_was(said: list[tuple[str, str]]) -> None:
    """Through numbers that any client can hold."""
    context = pack(said)
    assert all(0 <= number < 2**31 for number in context)
    assert unpack(context) == said


def test_half_a_character_does_no_harm() -> None:
    """It can't be written; what is around it can."""
    assert unpack(pack([("user", "a\ud800b")])) == [("user", "a?b")]


@given(st.lists(st.integers(-(2**70), 2**70), min_size=1))
def test_numbers_of_another_server_are_refused(context: list[int]) -> None:
    """Tokens, or anything else."""
    with pytest.raises(InvalidRequestError, match="context is not from an answer of this server"):
        unpack(context)


@given(st.binary(max_size=60))
def test_numbers_that_only_look_like_ours_are_refused(data: bytes) -> None:
    """Whatever they say, they are a conversation or an error."""
    mark = pack([])[0]
    try:
        found = unpack([mark, *(int.from_bytes(data[at : at + 3], "big") for at in range(0, len(data), 3))])
    except InvalidRequestError:
        return
    assert all(role in ("system", "user", "assistant") for role, _ in found)


@pytest.mark.parametrize("wrong", [[["robot", "x"]], [["user"]], [["user", 1]], [[["user"], "x"]], {"a": 1}, 5, "x"])
def test_what_is_no_conversation_is_refused(wrong: object) -> None:
    """Though it has the form."""
    data = json.dumps(wrong).encode()
    data += b" " * (-len(data) % 3)
    numbers = [int.from_bytes(data[at : at + 3], "big") for at in range(0, len(data), 3)]
    with pytest.raises(InvalidRequestError):
        unpack([pack([])[0], *numbers])


def test_no_context_is_no_conversation() -> None:
    """So there is nothing to go on with."""
    assert unpack([]) == []
