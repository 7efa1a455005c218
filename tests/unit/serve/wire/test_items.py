"""Tests of serve.wire.items."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from serve.chat.types import ChatMessage, ToolCall
from serve.errors import InvalidRequestError
from serve.wire.items import Item

ITEM: TypeAdapter[Any] = TypeAdapter(Item)


def plain(**fields: Any) -> ChatMessage:
    """An item as a turn."""
    found: ChatMessage = ITEM.validate_python(fields).plain("input.0.")
    return found


def test_a_message_is_a_turn() -> None:
    """With or without its type; `developer` is OpenAI's newer word for `system`."""
    assert plain(role="user", content="Hi") == ChatMessage("user", "Hi")
    parts = [{"type": "input_text", "text": "H"}, {"type": "input_text", "text": "i"}]
    assert plain(type="message", role="developer", content=parts) == ChatMessage("system", "Hi")


def test_an_answers_own_items_may_come_back() -> None:
    """As they were told, with all that clients keep of them."""
    message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    text = {"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}
    assert plain(**message, content=[text]) == ChatMessage("assistant", "Hi")
    assert plain(**message, content=[{"type": "refusal", "refusal": "No"}]) == ChatMessage("assistant", "No")
    call = plain(type="function_call", id="fc_1", call_id="c", name="f", arguments='{"a": 1}', status="completed")
    assert call == ChatMessage("assistant", "", tool_calls=(ToolCall("c", "f", '{"a": 1}'),))


def test_results_are_the_tools_turns() -> None:
    """As text, or as parts of text."""
    assert plain(type="function_call_output", call_id="c", output="5") == ChatMessage("tool", "5", tool_call_id="c")
    parts = [{"type": "input_text", "text": "5"}]
    assert plain(type="function_call_output", call_id="c", output=parts).content == "5"


def test_thoughts_are_thoughts() -> None:
    """As they were, or their summary where that is all; what is encrypted can't be read here."""
    told = [{"type": "reasoning_text", "text": "Hm"}]
    summary = [{"type": "summary_text", "text": "In short"}]
    assert plain(type="reasoning", id="rs_1", summary=summary, content=told).reasoning == "Hm"
    assert plain(type="reasoning", id="rs_1", summary=summary).reasoning == "In short"
    assert plain(type="reasoning", id="rs_1", summary=[], encrypted_content="x") == ChatMessage("assistant", "")


@pytest.mark.parametrize("kind", ["input_image", "input_file", "input_audio"])
def test_what_is_no_text_is_refused_by_its_place(kind: str) -> None:
    """In messages and in results."""
    parts = [{"type": "input_text", "text": "a"}, {"type": kind}]
    with pytest.raises(InvalidRequestError, match=rf"input\.0\.content\.1 is of type '{kind}': this server takes text"):
        plain(role="user", content=parts)
    with pytest.raises(InvalidRequestError, match=r"input\.0\.output\.1"):
        plain(type="function_call_output", call_id="c", output=parts)


def test_a_text_needs_its_text() -> None:
    """Else it is a mistake of the client's."""
    with pytest.raises(InvalidRequestError, match="it has no text"):
        plain(role="user", content=[{"type": "input_text"}])


@pytest.mark.parametrize("item", [{"type": "web_search_call", "id": "x"}, {"type": 5}, {"role": "cat", "content": ""}])
def test_unknown_items_are_refused(item: dict[str, Any]) -> None:
    """They would change the answer."""
    with pytest.raises(ValidationError):
        plain(**item)
