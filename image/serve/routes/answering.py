"""How a generation becomes an HTTP answer, whole or streamed, for every API."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serve.answers.frame import Chunk
from serve.answers.framing import OPENAI, Framing, Stream, frames
from serve.answers.turns import Turn, Turns
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest, Prepared
from serve.supervision.generation import Batch

PING_S = 15.0  # proxies close what is silent for a minute, some for half of one
PRIORITY, QUEUE_TIMEOUT = "x-priority", "x-queue-timeout"
AtEnd = Callable[[], Awaitable[None]]
"""Awaited when all is said, before its client is told that this was all."""
_encode = msgspec.json.Encoder().encode
_STREAM_HEADERS = [(b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


class Whole(Protocol):
    """Makes one answer of turns."""

    def take(self, turns: list[Turn]) -> None:
        """More of it."""

    def answer(self) -> object:
        """When all choices have ended."""


def json_answer(value: object) -> Response:
    """As JSON."""
    return Response(_encode(value), media_type="application/json")


class Generating(Protocol):
    """Has models generate: the Services, or what stands between them and an API."""

    def generation(
        self, model: str, requests: Sequence[GenerateRequest]
    ) -> contextlib.AbstractAsyncContextManager[AsyncIterator[Batch]]:
        """What is told of one generation. Leaving early cancels it."""


async def whole_answer(
    services: Generating,
    model: str,
    requests: Sequence[GenerateRequest],
    whole: Whole,
    turns: Turns,
    *,
    at_end: AtEnd | None = None,
) -> Response:
    """When all of it is there."""
    async with services.generation(model, requests) as batches:
        async for batch in batches:
            whole.take(turns.read(batch))
    if at_end is not None:
        await at_end()
    return json_answer(whole.answer())


async def stream_answer(
    services: Generating,
    model: str,
    requests: Sequence[GenerateRequest],
    stream: Stream,
    turns: Turns,
    *,
    framing: Framing = OPENAI,
    at_end: AtEnd | None = None,
    holds: contextlib.AsyncExitStack | None = None,
) -> Response:
    """The first event says whether the request is taken: until then an error still gets its own status.

    What it `holds` is left with the stream.
    """
    async with contextlib.AsyncExitStack() as stack:
        if holds is not None:
            await stack.enter_async_context(holds)
        batches = await stack.enter_async_context(services.generation(model, requests))
        first: Batch = []
        while all(isinstance(told, Prepared) for _, told in first):
            first += await anext(batches)
        content = frames(framing, stream, turns, _chain(first, batches, at_end))
        return OwningStream(content, framing.media_type, stack.pop_all(), ping=framing.ping)


class OwningStream(Response):
    """A stream that ends what it owns however it ends itself. Whoever leaves cancels a generation so.

    While nothing comes, as when a long prompt is read, it sends `ping`, if that is anything.
    """

    def __init__(
        self,
        content: AsyncIterator[bytes],
        media_type: str,
        owned: contextlib.AsyncExitStack,
        *,
        ping: bytes = b"",
        ping_s: float = PING_S,
    ) -> None:
        super().__init__()
        self._content = content
        self._start = [(b"content-type", media_type.encode()), *_STREAM_HEADERS]
        self._owned = owned
        self._ping = ping
        self._ping_s = ping_s
        self._num_sent = 0

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """All of it."""
        async with self._owned:
            await send({"type": "http.response.start", "status": 200, "headers": list(self._start)})
            pinging = asyncio.create_task(self._pings(send)) if self._ping else None
            try:
                async for data in self._content:
                    self._num_sent += 1
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            finally:
                if pinging is not None:
                    pinging.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pings(self, send: Send) -> None:
        """Whatever is sent is whole frames: a ping between two of them breaks none."""
        while True:
            num_before = self._num_sent
            await asyncio.sleep(self._ping_s)
            if self._num_sent == num_before:
                await send({"type": "http.response.body", "body": self._ping, "more_body": True})


async def _chain(first: Batch, rest: AsyncIterator[Batch], at_end: AtEnd | None) -> AsyncIterator[Batch]:
    yield first
    async for batch in rest:
        yield batch
    if at_end is not None:
        await at_end()


def with_headers(request: Request, requests: Sequence[GenerateRequest]) -> Sequence[GenerateRequest]:
    """A gateway may say in headers what the body does not: priority, and how long to wait for a slot."""
    priority, timeout = request.headers.get(PRIORITY), request.headers.get(QUEUE_TIMEOUT)
    if priority is None and timeout is None:
        return requests
    more: Chunk = {}
    if priority is not None:
        more["priority"] = -int(_number(PRIORITY, priority, -1000, 1000))
    if timeout is not None:
        more["wait_s"] = _number(QUEUE_TIMEOUT, timeout, 0, 86_400)
    return [replace(each, **more) for each in requests]


def _number(header: str, text: str, least: int, most: int) -> float:
    with contextlib.suppress(ValueError):
        value = float(text)
        if least <= value <= most:
            return value
    raise InvalidRequestError(f"the header {header} is {text[:80]!r}: a number from {least} to {most} is allowed")
