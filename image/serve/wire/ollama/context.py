"""Ollama's `context`: a conversation as numbers, which a client sends back to go on with it.

Ollama's are tokens of the prompt and the answer. Ours are the messages themselves, packed: they cost no tokenizer, and
the next prompt is made of them by the model's own template, as in a chat. Nothing is kept here between two requests.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from serve.errors import InvalidRequestError

Said = tuple[str, str]
"""Role and content."""

_MARK = 0x51C0FFEE  # no token is that large, so numbers of another server's are known as such
_BYTES = 3
_ROLES = ("system", "user", "assistant")


def pack(messages: Sequence[Said]) -> list[int]:
    """As numbers."""
    data = json.dumps([list(each) for each in messages], ensure_ascii=False).encode("utf-8", "replace")
    data += b" " * (-len(data) % _BYTES)  # JSON does not mind
    return [_MARK, *(int.from_bytes(data[at : at + _BYTES], "big") for at in range(0, len(data), _BYTES))]


def unpack(context: Sequence[int]) -> list[Said]:
    """Back again."""
    if not context:
        return []
    if context[0] != _MARK or not all(0 <= number < 256**_BYTES for number in context[1:]):
        raise _foreign()
    try:
        found = json.loads(b"".join(number.to_bytes(_BYTES, "big") for number in context[1:]))
        return [_said(*each) for each in found]
    except (ValueError, TypeError, RecursionError) as error:
        raise _foreign() from error


def _said(role: object, content: object) -> Said:
    if role not in _ROLES or not isinstance(role, str) or not isinstance(content, str):
        raise ValueError
    return role, content


def _foreign() -> InvalidRequestError:
    return InvalidRequestError(
        "context is not from an answer of this server: leave it out, or send the messages to /api/chat", param="context"
    )
