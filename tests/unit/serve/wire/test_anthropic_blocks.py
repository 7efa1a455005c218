"""Tests of serve.wire.anthropic_blocks."""

from __future__ import annotations

from typing import Any

import pytest

from serve.chat.types import ChatMessage, ToolCall
from serve.errors import InvalidRequestError
from serve.wire.anthropic_blocks import ContentBlock, messages_of

USE = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "5"}


def told(role: str, *blocks: dict[str, Any]) -> list[ChatMessage]:
    """The turns."""
    return list(messages_of(role, [ContentBlock.model_validate(block) for block in blocks], "messages.0.content"))


def test_text_is_text() -> None:
    """As it is, or in blocks; what is said of caches is passed over."""
    assert list(messages_of("user", "Hi", "m")) == [ChatMessage("user", "Hi")]
    cached = {"type": "text", "text": "i", "cache_control": {"type": "ephemeral"}}
    assert told("user", {"type": "text", "text": "H"}, cached) == [ChatMessage("user", "Hi")]
    assert told("user") == [ChatMessage("user", "")]


def test_results_come_before_what_is_said_beside_them() -> None:
    """They belong to the calls before, wherever the client put them."""
    expected = [ChatMessage("tool", "5", tool_call_id="t1"), ChatMessage("user", "And?")]
    assert told("user", {"type": "text", "text": "And?"}, RESULT) == expected
    assert told("user", RESULT) == expected[:1]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"content": [{"type": "text", "text": "5"}]}, "5"),
        ({"content": None}, ""),
        ({"content": "no such city", "is_error": True}, "Error: no such city"),
        ({"content": "Error 5", "is_error": True}, "Error 5"),
        ({"content": "fine", "is_error": False}, "fine"),
    ],
)
def test_a_result_is_text(fields: dict[str, Any], text: str) -> None:
    """One that is an error says so."""
    assert told("user", RESULT | fields) == [ChatMessage("tool", text, tool_call_id="t1")]


def test_an_answers_own_blocks_may_come_back() -> None:
    """Thoughts, text and calls are one turn; hidden thoughts can't be read here."""
    thoughts = {"type": "thinking", "thinking": "Hm", "signature": "x"}
    hidden = {"type": "redacted_thinking", "data": "x"}
    expected = ChatMessage("assistant", "I ask", tool_calls=(ToolCall("t1", "f", '{"a": 1}'),), reasoning="Hm")
    assert told("assistant", thoughts, hidden, {"type": "text", "text": "I ask"}, USE) == [expected]
    (called,) = told("assistant", USE)
    assert (called.content, called.tool_calls) == ("", expected.tool_calls)


@pytest.mark.parametrize(
    ("role", "block", "words"),
    [
        (
            "user",
            {"type": "image", "source": {"type": "base64", "data": "x"}},
            "of type 'image': this server takes text",
        ),
        ("user", {"type": "document", "source": {}}, "of type 'document'"),
        ("user", RESULT | {"content": [{"type": "image", "source": {}}]}, "0.content has a block of type 'image'"),
        ("user", {"type": "text"}, "without its text"),
        ("user", USE, "they belong to the assistant's"),
        ("assistant", RESULT, "they belong to the user's"),
        ("assistant", USE | {"id": None}, "it needs id and name"),
        ("user", RESULT | {"tool_use_id": None}, "it needs tool_use_id"),
    ],
)
def test_what_can_not_be_read_is_refused_by_its_place(role: str, block: dict[str, Any], words: str) -> None:
    """Pictures and files above all."""
    with pytest.raises(InvalidRequestError, match=words) as error:
        told(role, block)
    assert str(error.value).startswith("messages.0.content")
