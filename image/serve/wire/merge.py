"""What the assistant said in several pieces, as the one turn that templates want.

OpenAI's responses and Anthropic's messages tell thoughts, text and calls piece by piece; between two others' turns all
of them are one.
"""

from __future__ import annotations

from collections.abc import Iterable

from serve.chat.types import ChatMessage

_GAP = "\n\n"


def merged(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The same with neighbours of the assistant's as one."""
    told: list[ChatMessage] = []
    for message in messages:
        if told and told[-1].role == message.role == "assistant":
            told[-1] = _both(told[-1], message)
        else:
            told.append(message)
    return tuple(told)


def _both(first: ChatMessage, second: ChatMessage) -> ChatMessage:
    return ChatMessage(
        "assistant",
        _joined(first.content, second.content),
        tool_calls=first.tool_calls + second.tool_calls,
        reasoning=_joined(first.reasoning, second.reasoning) or None,
    )


def _joined(first: str | None, second: str | None) -> str:
    return _GAP.join(text for text in (first, second) if text)
