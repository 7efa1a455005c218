"""Blocks of a message's content as Anthropic has them -> turns as templates know them.

Pictures and files are refused: the models here read text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from pydantic import Field

from serve.chat.types import ChatMessage, ToolCall
from serve.errors import InvalidRequestError
from serve.wire.body import Body

_THOUGHTS = ("thinking", "redacted_thinking")


class ResultPart(Body):
    """A part of a result."""

    type: str
    text: str | None = None


class ContentBlock(Body):
    """One block: its type says which of these it has."""

    type: str
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: str | list[ResultPart] | None = None
    is_error: bool | None = None


Content = str | Annotated[list[ContentBlock], Field(max_length=100_000)]


def messages_of(role: str, content: Content, where: str) -> Iterator[ChatMessage]:
    """Results first, as they belong to the calls before: then what is said beside them. `where` it is in the body."""
    blocks = [ContentBlock(type="text", text=content)] if isinstance(content, str) else content
    calls = tuple(_call(block, f"{where}.{index}") for index, block in enumerate(blocks) if block.type == "tool_use")
    results = [(index, block) for index, block in enumerate(blocks) if block.type == "tool_result"]
    if calls and role != "assistant":
        raise _wrong(where, f"has a tool_use in a message of role {role!r}: they belong to the assistant's")
    if results and role != "user":
        raise _wrong(where, f"has a tool_result in a message of role {role!r}: they belong to the user's")
    for index, block in results:
        yield _result(block, f"{where}.{index}")
    others = [block for block in blocks if block.type not in ("tool_use", "tool_result", *_THOUGHTS)]
    if others or not results:
        thoughts = "".join(block.thinking or "" for block in blocks if block.type == "thinking")
        yield ChatMessage(role, text_of(others, where), tool_calls=calls, reasoning=thoughts or None)


def text_of(parts: Sequence[ContentBlock | ResultPart], where: str) -> str:
    """All of it."""
    for part in parts:
        if part.type != "text":
            raise _wrong(where, f"has a block of type {part.type!r}: this server takes text only")
        if part.text is None:
            raise _wrong(where, "has a block of type 'text' without its text")
    return "".join(part.text or "" for part in parts)


def _call(block: ContentBlock, where: str) -> ToolCall:
    if block.id is None or block.name is None:
        raise _wrong(where, "is a tool_use: it needs id and name")
    return ToolCall(block.id, block.name, json.dumps(block.input or {}))


def _result(block: ContentBlock, where: str) -> ChatMessage:
    if block.tool_use_id is None:
        raise _wrong(where, "is a tool_result: it needs tool_use_id")
    given = block.content or ""
    text = given if isinstance(given, str) else text_of(given, f"{where}.content")
    if block.is_error and not text.lower().startswith("error"):
        text = f"Error: {text}"  # templates have no other way to say so
    return ChatMessage("tool", text, tool_call_id=block.tool_use_id)


def _wrong(where: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"{where} {what}", param=where)
