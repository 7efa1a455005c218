"""uvicorn's HTTP/1.1 connection with bounds: on time, on size, on what a client that sends or reads slowly can hold.

    until the head is whole      header_s, then 408; nothing at all was sent: closed without a word
    until the body is whole      body.py answers 408 after body_s; SPARE_S later the connection is closed
    the answer is not read       send_s, then cut off: what waits to be sent is bounded by uvicorn's own flow control
    between requests             uvicorn's keep-alive
    more than max_connections    who is silent longest between two requests goes; is there none: 503, but for health,
                                 for which RESERVED more are taken

What breaks HTTP is refused before any of it is a request: two lengths, a length beside chunks, folded lines, bare line
ends (httptools does), no Host or two of them (here). Answers have the shape of the API that was asked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serve.answers.errors import error_response, shape_of
from serve.errors import (
    HeadersTooLargeError,
    InvalidRequestError,
    RequestError,
    RequestTimeoutError,
    UnavailableError,
    UrlTooLongError,
)

MOST_URL: Final = 8 * 1024
MOST_HEAD: Final = 32 * 1024
"""All names and values: gateways put tokens and cookies into them."""
MOST_HEADERS: Final = 100
SPARE_S: Final = 5.0
"""After the body's time is over: whoever reads it answers first."""
RESERVED: Final = 50
HEALTH: Final = ("/health", "/ready", "/v1/health", "/metrics")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may take, and how many there may be."""

    max_connections: int
    header_s: float
    body_s: float
    send_s: float


class BoundedProtocol(HttpToolsProtocol):
    """One connection. It waits for a head, then for its body, then for the answer to be taken."""

    def __init__(self, bounds: Bounds, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._bounds = bounds
        self._served_app = self.app
        self._refused: RequestError | None = None
        self._head_bytes = 0
        self._is_over = False  # one more than may be
        self._is_in_head = True  # or between two requests
        self._has_begun = False  # of the present head, at least one byte is there
        self._waits_since = self.loop.time()
        self._incoming: asyncio.TimerHandle | None = None  # for the head, or for the body
        self._outgoing: asyncio.TimerHandle | None = None

    # ---- the connection ----

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One more. Is it one too many, the one that is least needed goes."""
        super().connection_made(transport)
        self._is_over = len(self.connections) > self._bounds.max_connections and not self._has_made_room()
        if len(self.connections) > self._bounds.max_connections + RESERVED:
            transport.abort()
        self._wait(self._bounds.header_s, self._on_late_head)

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives it."""
        self._stop_waiting()
        self._stop_sending()
        super().connection_lost(exc)

    @property
    def idle_s(self) -> float:
        """For how long nothing is answered and no request is whole; 0: something is."""
        is_idle = self._is_in_head and not self._is_answering
        return self.loop.time() - self._waits_since if is_idle else 0.0

    def close_between_requests(self) -> None:
        """Unless a request is on its way."""
        if self._is_in_head and not self._has_begun and not self._is_answering:
            self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _has_made_room(self) -> bool:
        others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self]
        idlest = max(others, key=lambda each: each.idle_s, default=None)
        if idlest is None or not idlest.idle_s:
            return False
        idlest.transport.abort()
        self.connections.discard(idlest)  # now, not when the loop comes to it
        return True

    # ---- what comes ----

    def data_received(self, data: bytes) -> None:
        """A head is counted while it comes: a line without an end would be kept whole until it has one."""
        if self._is_in_head:
            self._begin_head()
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > MOST_URL + MOST_HEAD and not self.transport.is_closing():
            self._refuse(HeadersTooLargeError(f"the head is larger than the {MOST_URL + MOST_HEAD} bytes allowed"))

    def _begin_head(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._wait(self._bounds.header_s, self._on_late_head)

    def on_url(self, url: bytes) -> None:
        """Of any length, as far as uvicorn goes."""
        super().on_url(url)
        if len(self.url) > MOST_URL:
            self._stop_parsing(UrlTooLongError(f"the URL is longer than the {MOST_URL} bytes that are allowed"))

    def on_headers_complete(self) -> None:
        """A request begins, or is refused."""
        self._stop_waiting()
        self._check_head()
        self.app = _over_limit if self._is_over and not self.url.startswith(_HEALTH) else self._served_app
        self._is_in_head, self._has_begun, self._head_bytes = False, False, 0
        super().on_headers_complete()
        self._wait(self._bounds.body_s + SPARE_S, self._on_late_body)

    def on_message_complete(self) -> None:
        """Its body is whole; the next head may come."""
        self._stop_waiting()
        self._is_in_head, self._waits_since = True, self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """From now on it is idle. One that is to be closed must not wait for a client that reads nothing."""
        self._waits_since = self.loop.time()
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_off_later()

    def timeout_keep_alive_handler(self) -> None:
        """It was idle for long."""
        super().timeout_keep_alive_handler()
        self._cut_off_later()

    def _check_head(self) -> None:
        size = sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > MOST_HEADERS or size > MOST_HEAD:
            self._stop_parsing(
                HeadersTooLargeError(
                    f"there are {len(self.headers)} headers of {size} bytes: {MOST_HEADERS} of {MOST_HEAD} are allowed"
                )
            )
        num_hosts = sum(name == b"host" for name, _ in self.headers)
        if num_hosts > 1 or (not num_hosts and self.parser.get_http_version() == "1.1"):
            self._stop_parsing(InvalidRequestError(f"there are {num_hosts} headers Host: one is allowed"))

    # ---- clocks ----

    def _on_late_head(self) -> None:
        if self._is_answering:  # the head of the next one; its client may well wait for this answer first
            self._wait(self._bounds.header_s, self._on_late_head)
        elif self._has_begun:
            late = f"the head of the request did not come within {self._bounds.header_s:g} s"
            self._refuse(RequestTimeoutError(late))
        else:
            self.transport.abort()

    def _on_late_body(self) -> None:
        if self.pipeline:  # it is not read before those in front of it are answered
            self._wait(self._bounds.body_s, self._on_late_body)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        """So much waits to be sent that nothing more is made of it for now."""
        super().pause_writing()
        self._cut_off_later()

    def resume_writing(self) -> None:
        """The client reads again."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_sending()

    def _wait(self, seconds: float, then: Callable[[], None]) -> None:
        self._stop_waiting()
        self._incoming = self.loop.call_later(seconds, then)

    def _stop_waiting(self) -> None:
        if self._incoming is not None:
            self._incoming.cancel()
            self._incoming = None

    def _cut_off_later(self) -> None:
        if self._outgoing is None:
            self._outgoing = self.loop.call_later(self._bounds.send_s, self.transport.abort)

    def _stop_sending(self) -> None:
        if self._outgoing is not None:
            self._outgoing.cancel()
            self._outgoing = None

    # ---- refusals ----

    def _stop_parsing(self, error: RequestError) -> None:
        """Out of the parser, which ends here: send_400_response is told of it."""
        self._refused = error
        raise error

    def _unsupported_upgrade_warning(self) -> None:
        """Some clients offer HTTP/2 each time; it is as well to go on without."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's words)
        """What the parser could not read, or what was found while it did."""
        self._refuse(self._refused or InvalidRequestError("this is not a request of HTTP/1.1"))

    def _refuse(self, error: RequestError) -> None:
        """Behind all answers that are on their way there is no place for one more."""
        if not self._is_answering:
            self.transport.write(_raw(error, self.url if hasattr(self, "url") else b""))
        self.transport.close()
        self._cut_off_later()


_HEALTH = tuple(path.encode() for path in HEALTH)


async def _over_limit(scope: Scope, receive: Receive, send: Send) -> None:
    """In the place of the application."""
    answer = error_response(scope["path"], UnavailableError("there are too many connections: try again"))
    answer.headers["connection"] = "close"
    await answer(scope, receive, send)


def _raw(error: RequestError, url: bytes) -> bytes:
    """An answer where no request has come to be."""
    body = json.dumps(shape_of(url.decode("latin-1"))(error)).encode()
    head = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        "connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
