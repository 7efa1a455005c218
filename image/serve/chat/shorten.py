"""A conversation without its oldest turns, for a client that would rather lose them than get an error. Pure.

What the system says stays, and so does the end from the user's last word on. A call never goes without its result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from serve.chat.types import ChatMessage, Conversation


def shortened(conversation: Conversation, share: float) -> Conversation | None:
    """Without about that share of its text, at least a turn; what is left begins with the user. None: it can't be."""
    messages = conversation.messages
    first = next((index for index, message in enumerate(messages) if message.role != "system"), len(messages))
    begins = [index for index, message in enumerate(messages) if message.role == "user" and index > first]
    if not begins:
        return None
    wanted, gone = share * sum(map(_size, messages)), 0
    sizes = [gone := gone + _size(message) for message in messages[first:]]
    enough = (index for index in begins if sizes[index - first - 1] >= wanted)
    begin = next(enough, begins[-1])
    return replace(conversation, messages=_without(messages, first, begin))


def _without(messages: Sequence[ChatMessage], first: int, begin: int) -> tuple[ChatMessage, ...]:
    """What the system says in between stays, too: it may be about what follows."""
    kept = (message for message in messages[first:begin] if message.role == "system")
    return (*messages[:first], *kept, *messages[begin:])


def _size(message: ChatMessage) -> int:
    """In characters; tokens are only known to the model."""
    calls = sum(len(call.name) + len(call.arguments_json) for call in message.tool_calls)
    return len(message.content or "") + len(message.reasoning or "") + calls
