"""How chunks of a streamed answer are written: server-sent events, named ones, or lines of JSON.

All that is ready at once goes out in one write.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import msgspec

from serve.answers import errors
from serve.answers.frame import Chunk
from serve.answers.turns import Turn, Turns
from serve.errors import RequestError
from serve.supervision.generation import Batch

_encode = msgspec.json.Encoder().encode


class Stream(Protocol):
    """Makes chunks of turns."""

    def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
        """One for each thing said."""

    def last(self) -> Iterator[Chunk]:
        """When all choices have ended."""


@dataclass(frozen=True, slots=True)
class Framing:
    """One API's way. `done` ends what has ended well; an error inside the stream is a chunk of its own.

    `ping` says nothing but that there is still somebody: proxies close connections on which nothing comes for long.
    """

    media_type: str
    write: Callable[[Iterable[Chunk]], bytes]
    error: Callable[[RequestError], Chunk]
    done: bytes = b""
    ping: bytes = b""


async def frames(framing: Framing, stream: Stream, turns: Turns, batches: AsyncIterator[Batch]) -> AsyncIterator[bytes]:
    """An error after the first chunk can only be told inside the stream; nothing is `done` then."""
    try:
        async for batch in batches:
            if data := framing.write(stream.chunks(turns.read(batch))):
                yield data
    except RequestError as error:
        yield framing.write([framing.error(error)])
        return
    yield framing.write(stream.last()) + framing.done


def _events(chunks: Iterable[Chunk]) -> bytes:
    parts: list[bytes] = []
    for chunk in chunks:
        parts += (b"data: ", _encode(chunk), b"\n\n")
    return b"".join(parts)


def _named_events(chunks: Iterable[Chunk]) -> bytes:
    """Named by the chunk's own `type`."""
    parts: list[bytes] = []
    for chunk in chunks:
        parts += (b"event: ", str(chunk["type"]).encode(), b"\ndata: ", _encode(chunk), b"\n\n")
    return b"".join(parts)


def _lines(chunks: Iterable[Chunk]) -> bytes:
    parts: list[bytes] = []
    for chunk in chunks:
        parts += (_encode(chunk), b"\n")
    return b"".join(parts)


_SSE = "text/event-stream; charset=utf-8"
_COMMENT = b":\n\n"  # no event: clients of server-sent events pass it over
OPENAI = Framing(_SSE, _events, errors.openai, done=b"data: [DONE]\n\n", ping=_COMMENT)
LLAMA_CPP = Framing(_SSE, _events, errors.openai, ping=_COMMENT)
ANTHROPIC = Framing(_SSE, _named_events, errors.anthropic, ping=b'event: ping\ndata: {"type":"ping"}\n\n')
OLLAMA = Framing("application/x-ndjson", _lines, errors.ollama)
NAMED_EVENTS = Framing(_SSE, _named_events, lambda error: {"type": "error", **_fields(error)}, ping=_COMMENT)
"""OpenAI's responses: https://platform.openai.com/docs/api-reference/responses-streaming/error"""


def _fields(error: RequestError) -> Chunk:
    return {"code": error.label, "message": str(error), "param": error.param}
