"""Tests of serve.wire.messages."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import ChatMessage, Conversation, ToolCall
from serve.errors import InvalidRequestError
from tests.unit.serve.wire.bodies import HELLO, chat


def messages(*given: Any) -> tuple[ChatMessage, ...]:
    """A conversation's."""
    prompt = chat(messages=list(given)).prompt
    assert isinstance(prompt, Conversation)
    return prompt.messages


def test_content_may_come_in_parts_and_developer_means_system() -> None:
    """OpenAI's newer forms of the same."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    found = messages({"role": "developer", "content": parts}, {"role": "assistant", "content": None}, *HELLO)
    assert found == (ChatMessage("system", "ab"), ChatMessage("assistant", ""), ChatMessage("user", "Hello"))


def test_a_refusal_is_what_the_assistant_said() -> None:
    """A conversation may have begun elsewhere."""
    refused = {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}, {"type": "text", "text": "."}]}
    assert messages(refused, *HELLO)[0] == ChatMessage("assistant", "no.")


def test_calls_and_what_came_of_them_are_parts_of_the_story() -> None:
    """With the thoughts before them."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    found = messages(
        *HELLO,
        {"role": "assistant", "content": None, "tool_calls": [call], "reasoning_content": "hm"},
        {"role": "tool", "tool_call_id": "1", "name": "f", "content": "42"},
    )
    assert found[1] == ChatMessage("assistant", "", (ToolCall("1", "f", '{"a": 1}'),), reasoning="hm")
    assert found[2] == ChatMessage("tool", "42", tool_call_id="1", name="f")


def test_only_the_assistant_calls_tools() -> None:
    """Anybody else's call would be lost in the template."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    with pytest.raises(
        InvalidRequestError, match=r"^messages\.0\.tool_calls are in a message of role 'user'"
    ) as caught:
        messages({"role": "user", "content": "x", "tool_calls": [call]})
    assert caught.value.param == "messages.0.tool_calls"


@pytest.mark.parametrize("fields", [{"function_call": {"name": "f", "arguments": "x" * 200}}, {"audio": {"id": "1"}}])
def test_parts_of_a_message_that_are_not_served_are_refused(fields: dict[str, Any]) -> None:
    """Without them the turn would mean something else; the message and the field are named."""
    (name,) = fields
    with pytest.raises(InvalidRequestError, match=rf"^messages\.1\.{name} is .{{1,80}}: this server takes ") as caught:
        messages(*HELLO, {"role": "assistant", "content": None, **fields})
    assert caught.value.param == f"messages.1.{name}"


def test_neutral_values_are_taken() -> None:
    """Clients send back what they got."""
    messages({"role": "user", "content": "a", "name": "b", "tool_calls": [], "audio": None, "refusal": None})


@pytest.mark.parametrize(
    "message",
    [
        {},
        123,
        {"role": "robot", "content": "x"},
        {"role": 123},
        {"role": "user", "content": 123},
        {"role": "user", "content": [{"type": "image_url", "image_url": {}}]},
    ],
)
def test_a_message_that_is_none_is_refused(message: Any) -> None:
    """Before anything else sees it."""
    with pytest.raises(ValidationError):
        messages(message)
