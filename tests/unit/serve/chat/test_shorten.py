"""Tests of serve.chat.shorten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.chat.shorten import shortened
from serve.chat.types import ChatMessage, Conversation, ToolCall

SYSTEM = ChatMessage("system", "Be brief")
CALL = ChatMessage("assistant", "", tool_calls=(ToolCall("c", "f", "{}"),))
RESULT = ChatMessage("tool", "5", tool_call_id="c")


def user(text: str) -> ChatMessage:
    """A turn of ten letters."""
    return ChatMessage("user", text * 10)


def left(share: float, *messages: ChatMessage) -> tuple[ChatMessage, ...] | None:
    """What stays."""
    found = shortened(Conversation(messages), share)
    return None if found is None else found.messages


@pytest.mark.parametrize(("share", "num_left"), [(-1, 3), (0.01, 3), (0.25, 3), (0.3, 2), (0.5, 2), (0.6, 1), (2, 1)])
def test_as_much_goes_as_is_too_much(share: float, num_left: int) -> None:
    """At least a turn, and never the last one."""
    found = left(share, user("a"), user("b"), user("c"), user("d"))
    assert found == (user("a"), user("b"), user("c"), user("d"))[-num_left:]


def test_what_is_left_begins_with_the_user() -> None:
    """A call goes with its result, and the answer to a question goes with it; what the system says stays."""
    assert left(0.1, SYSTEM, user("a"), CALL, RESULT, ChatMessage("assistant", "It is 5"), user("b")) == (
        SYSTEM,
        user("b"),
    )
    assert left(0.1, user("a"), SYSTEM, user("b")) == (SYSTEM, user("b"))


def test_one_question_can_not_be_shortened() -> None:
    """Nor can none at all."""
    assert left(0.5, SYSTEM, user("a"), CALL, RESULT) is None
    assert left(0.5, SYSTEM) is None


TURNS = st.sampled_from([SYSTEM, CALL, RESULT, user("a"), ChatMessage("assistant", "b")])


@given(st.lists(TURNS, min_size=1, max_size=12), st.floats(-1, 2))
def test_it_is_shorter_each_time_and_the_end_stays(messages: list[ChatMessage], share: float) -> None:
    """So whoever repeats it comes to an end."""
    found = left(share, *messages)
    if found is not None:
        assert len(found) < len(messages)
        assert found[-1] == messages[-1] or messages[-1].role == "system"
        assert [m for m in found if m.role == "system"] == [m for m in messages if m.role == "system"]
        assert next(m for m in found if m.role != "system").role == "user"
