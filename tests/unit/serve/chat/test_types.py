"""Tests of serve.chat.types: what crosses to a worker comes out as it went in."""

from __future__ import annotations

import pytest

from serve.chat.types import ChatMessage, Conversation, ToolCall
from serve.ipc import Decoder, encode
from serve.messages import Generate, GenerateRequest


@pytest.mark.parametrize(
    "message",
    [
        ChatMessage("user", "Hi"),
        ChatMessage("assistant", None, (ToolCall("a", "b", "{}"), ToolCall("c", "d", '{"e": 1}')), reasoning="hm"),
        ChatMessage("tool", "x", tool_call_id="a", name="b"),
    ],
)
def test_a_message_goes_through_the_socket(message: ChatMessage) -> None:
    """With all that it may carry."""
    sent = Generate(1, GenerateRequest(Conversation((message,))))
    assert list(Decoder().feed(encode(sent))) == [sent]
