"""Tests of serve.wire.merge."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from serve.chat.types import ChatMessage, ToolCall
from serve.wire.merge import merged

USER, RESULT = ChatMessage("user", "Go"), ChatMessage("tool", "done", tool_call_id="c")
CALL, OTHER = ToolCall("c", "f", "{}"), ToolCall("d", "g", "{}")


def test_pieces_of_one_turn_are_one_turn() -> None:
    """Thoughts, text and calls, in whichever order they came."""
    pieces = [
        ChatMessage("assistant", "", reasoning="Hm"),
        ChatMessage("assistant", "I ask"),
        ChatMessage("assistant", "", tool_calls=(CALL,)),
        ChatMessage("assistant", "", tool_calls=(OTHER,)),
    ]
    whole = ChatMessage("assistant", "I ask", tool_calls=(CALL, OTHER), reasoning="Hm")
    assert merged([USER, *pieces, RESULT]) == (USER, whole, RESULT)


def test_two_texts_and_two_thoughts_have_a_gap() -> None:
    """They were two."""
    first, second = (ChatMessage("assistant", text, reasoning=text) for text in "ab")
    assert merged([first, second]) == (ChatMessage("assistant", "a\n\nb", reasoning="a\n\nb"),)


MESSAGES = st.builds(ChatMessage, st.sampled_from(["user", "assistant", "tool"]), st.text(min_size=1, max_size=2))


@given(st.lists(MESSAGES))
def test_no_two_neighbours_are_the_assistants(messages: list[ChatMessage]) -> None:
    """And the others' turns are as they were."""
    found = merged(messages)
    roles = [message.role for message in found]
    assert ("assistant", "assistant") not in list(itertools.pairwise(roles))
    assert [m for m in found if m.role != "assistant"] == [m for m in messages if m.role != "assistant"]
