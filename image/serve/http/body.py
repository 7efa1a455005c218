"""ASGI middleware: the whole body before anything looks at it, within bounds of size, of time, and of all together.

Handlers read it whole anyway; here its size is known in time. Slow senders hold a connection and nothing else.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.answers.errors import error_response
from serve.errors import BodyTooLargeError, RequestError, RequestTimeoutError, UnavailableError

MOST_AT_ONCE: Final = 32
"""So many bodies of the largest size may be held at the same time; most are a thousandth of it."""


@dataclass(slots=True)
class _Taken:
    """What came of one body."""

    pieces: list[bytes] = field(default_factory=list)
    num_bytes: int = 0


class Body:
    """Takes bodies."""

    def __init__(self, app: ASGIApp, *, max_bytes: int, body_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._body_s = body_s
        self._held_bytes = 0  # of all requests, until they are answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = _Taken()
        try:
            is_whole = await self._take_in_time(scope, receive, taken)
        except RequestError as error:
            self._held_bytes -= taken.num_bytes
            answer = error_response(scope["path"], error)
            if isinstance(error, RequestTimeoutError) or may_send_no_body(scope):
                answer.headers["connection"] = "close"
            await answer(scope, receive, send)
            return
        try:
            if is_whole:  # else the client left in the middle of it
                await self._app(scope, _replay(b"".join(taken.pieces), receive), send)
        finally:
            self._held_bytes -= taken.num_bytes

    async def _take_in_time(self, scope: Scope, receive: Receive, taken: _Taken) -> bool:
        self._check_size(int(Headers(scope=scope).get("content-length", "0")))
        try:
            async with asyncio.timeout(self._body_s):
                return await self._take(receive, taken)
        except TimeoutError:
            raise RequestTimeoutError(
                f"the body did not come within {self._body_s:g} s: {taken.num_bytes} bytes of it did"
            ) from None

    async def _take(self, receive: Receive, taken: _Taken) -> bool:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            if piece := message.get("body", b""):
                taken.pieces.append(piece)
                taken.num_bytes += len(piece)
                self._held_bytes += len(piece)
                self._check_size(taken.num_bytes)
            more = message.get("more_body", False)
        return True

    def _check_size(self, num_bytes: int) -> None:
        if num_bytes > self._max_bytes:
            raise BodyTooLargeError(f"the body is larger than the {self._max_bytes} bytes that are allowed")
        if self._held_bytes > MOST_AT_ONCE * self._max_bytes:
            raise UnavailableError("the bodies of other requests take all the memory that there is for them")


def may_send_no_body(scope: Scope) -> bool:
    """Of a request that is answered before its body came. Most clients read no answer before they have sent it all: so
    it is let in and dropped, as long as its time lasts. Who has asked whether to send it may not send it now, and what
    comes next could be either: then the connection can't be used any more.
    """
    return "expect" in Headers(scope=scope)


def _replay(body: bytes, receive: Receive) -> Receive:
    """As if it came now; then what really comes."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(messages, None) or await receive()

    return replay
