"""OpenAI's streams as values: what is said, what is thought, and the count at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from serve.cli.client import message_of
from serve.errors import SetupError


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an answer."""

    text: str
    is_thought: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """Tokens of the whole, and how fast they were written; 0 where the server does not say."""

    num_prompt: int
    num_written: int
    per_s: float


def pieces(lines: Iterable[str]) -> Iterator[Said | Counted]:
    """Of chats and plain completions. SetupError when the answer breaks off."""
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not line.startswith("data:"):
            continue
        if data == "[DONE]":
            return
        if error := message_of(data):
            raise SetupError(error)
        yield from _chunk(json.loads(data))
    raise SetupError("the answer broke off")


def _chunk(chunk: dict[str, Any]) -> Iterator[Said | Counted]:
    for choice in chunk.get("choices") or ():
        delta = choice.get("delta") or {}
        if thought := delta.get("reasoning_content"):
            yield Said(thought, is_thought=True)
        if text := delta.get("content") or choice.get("text"):
            yield Said(text)
    if usage := chunk.get("usage"):
        timings = chunk.get("timings") or {}
        yield Counted(usage["prompt_tokens"], usage["completion_tokens"], timings.get("predicted_per_second") or 0.0)
