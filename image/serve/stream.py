"""Events -> OpenAI's chunks, by one generator. A stream sends each chunk; one answer is the same chunks, folded."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from serve.engine.types import Accepted, Delta, Event, Finished
from serve.errors import RequestError

Chunk = dict[str, Any]

DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Form:
    """What distinguishes one answer, and chat from text."""

    id: str
    model: str
    created: int
    is_chat: bool
    include_usage: bool = False  # as a chunk of its own at the end of a stream

    def chunk(self, choices: list[Chunk], **more: Any) -> Chunk:
        """The frame of every chunk."""
        kind = "chat.completion.chunk" if self.is_chat else "text_completion"
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices} | more

    def choice(self, text: str | None, reason: str | None = None, *, role: str | None = None) -> Chunk:
        """The one choice of a chunk."""
        if not self.is_chat:
            return {"index": 0, "text": text or "", "logprobs": None, "finish_reason": reason}
        delta = {k: v for k, v in (("role", role), ("content", text)) if v is not None}
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}


async def chunks(form: Form, events: AsyncIterator[Event]) -> AsyncIterator[Chunk]:
    """One chunk per event that says something. The first comes as soon as the request is accepted."""
    async for event in events:
        match event:
            case Accepted():
                yield form.chunk([form.choice("", role="assistant")])
            case Delta(text=text) if text:
                yield form.chunk([form.choice(text)])
            case Finished():
                yield form.chunk([form.choice(None, event.reason.value)])
                yield form.chunk([], usage=_usage(event))


async def fold(form: Form, stream: AsyncIterator[Chunk]) -> Chunk:
    """All chunks as one answer."""
    texts: list[str] = []
    reason: str | None = None
    usage: Chunk | None = None
    async for chunk in stream:
        usage = chunk.get("usage", usage)
        for choice in chunk["choices"]:
            texts.append(choice["delta"].get("content", "") if form.is_chat else choice["text"])
            reason = choice["finish_reason"] or reason
    text = "".join(texts)
    said: Chunk = {"message": {"role": "assistant", "content": text}} if form.is_chat else {"text": text}
    choice = {"index": 0, **said, "logprobs": None, "finish_reason": reason}
    answer = form.chunk([choice], usage=usage)
    return answer | {"object": "chat.completion" if form.is_chat else "text_completion"}


async def sse(form: Form, stream: AsyncIterator[Chunk]) -> AsyncIterator[bytes]:
    """Chunks as server-sent events. An error after the first chunk can only be told inside the stream."""
    try:
        async for chunk in stream:
            if chunk["choices"] or form.include_usage:
                yield _data(chunk)
    except RequestError as error:
        yield _data(error.body())
        return
    yield DONE


def _data(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n\n"


def _usage(event: Finished) -> Chunk:
    prompt, generated = event.num_prompt_tokens, event.num_generated_tokens
    return {"prompt_tokens": prompt, "completion_tokens": generated, "total_tokens": prompt + generated}
