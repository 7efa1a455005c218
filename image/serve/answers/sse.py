"""Chunks as server-sent events, all that are ready in one write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Protocol

import msgspec

from serve.answers.frame import Chunk
from serve.answers.turns import Turn, Turns
from serve.errors import RequestError
from serve.generation import Batch

DONE = b"data: [DONE]\n\n"
_encode = msgspec.json.Encoder().encode


class Stream(Protocol):
    """Makes chunks of turns."""

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""

    def last(self) -> Iterator[Chunk]:
        """When all choices have ended."""


async def sse(
    stream: Stream, turns: Turns, batches: AsyncIterator[Batch], *, done: bytes = DONE
) -> AsyncIterator[bytes]:
    """An error after the first chunk can only be told inside the stream; nothing is `done` then."""
    try:
        async for batch in batches:
            if data := _events(stream.chunks(turns.read(batch))):
                yield data
    except RequestError as error:
        yield _events([error.body()])
        return
    yield _events(stream.last()) + done


def _events(chunks: Iterable[Chunk]) -> bytes:
    parts: list[bytes] = []
    for chunk in chunks:
        parts += (b"data: ", _encode(chunk), b"\n\n")
    return b"".join(parts)
