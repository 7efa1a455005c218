"""uvicorn's HTTP/1.1 connection with bounds: on time, on size, on what a client that sends or reads slowly can hold.

    until the head is whole      header_s, then 408; nothing at all was sent: closed without a word
    until the body is whole      body.py answers 408 after body_s; SPARE_S later the connection is closed
    the answer is not read       send_s, then cut off: what waits to be sent is bounded by uvicorn's own flow control
    between requests             uvicorn's keep-alive
    more than max_connections    who is silent longest between two requests goes; is there none: 503, but for health,
                                 for which RESERVED more are taken

What breaks HTTP is refused before any of it is a request: two lengths, a length beside chunks, folded lines, bare line
ends (httptools does), no Host or two of them (heads.py). Answers have the shape of the API that was asked.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serve.answers.errors import error_response
from serve.errors import InvalidRequestError, RequestError, RequestTimeoutError, UnavailableError
from serve.http.heads import check_growth, check_head, check_url, raw_answer
from serve.log import ID_HEADER, new_id, request_id

log = logging.getLogger(__name__)

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
        self._head_bytes = 0
        self._is_over = False  # one more than may be
        self._is_in_head = True  # or between two requests
        self._has_begun = False  # of the present head, at least one byte is there
        self._waits_since = self.loop.time()
        self._is_replay = False
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
    def is_idle(self) -> bool:
        """Is nothing answered, and no request whole?"""
        return self._is_in_head and not self._is_answering

    def close_between_requests(self) -> None:
        """Unless a request is on its way."""
        if self.is_idle and not self._has_begun:
            self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _has_made_room(self) -> bool:
        others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self]
        idlest = min((each for each in others if each.is_idle), key=lambda each: each._waits_since, default=None)
        if idlest is None:
            return False
        idlest.transport.abort()
        self.connections.discard(idlest)  # now, not when the loop comes to it
        return True

    # ---- what comes ----

    def data_received(self, data: bytes) -> None:
        """Bytes, anywhere in a request."""
        if self._is_in_head:
            self._begin_head()
            self._head_bytes += len(data)
        self._unset_keepalive_if_required()
        try:
            self._feed(memoryview(data))
            if self._is_in_head:
                check_growth(self._head_bytes)
        except RequestError as error:
            self._refuse(error)
        except httptools.HttpParserError as error:
            found = error.__context__
            self._refuse(found if isinstance(found, RequestError) else InvalidRequestError(_NO_REQUEST))

    def _feed(self, data: memoryview) -> None:
        """Some clients offer HTTP/2 with each request. The parser then takes what follows for another protocol, a body,
        too: so another parser goes on, and is told first how that body ends.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                framing = (b"%s: %s\r\n" % each for each in self.headers if each[0] in _FRAMING)
                self.parser = httptools.HttpRequestParser(self)
                self._is_replay = True
                self.parser.feed_data(b"".join((b"POST / HTTP/1.1\r\n", *framing, b"\r\n")))
                self._is_replay = False
            else:
                return

    def _begin_head(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._wait(self._bounds.header_s, self._on_late_head)

    def on_message_begin(self) -> None:
        """A request, unless it is one that we know already."""
        if not self._is_replay:
            super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of them."""
        if not self._is_replay:
            super().on_header(name, value)

    def on_url(self, url: bytes) -> None:
        """Of any length, as far as uvicorn goes."""
        if self._is_replay:
            return
        super().on_url(url)
        check_url(self.url)

    def on_headers_complete(self) -> None:
        """A request begins, or is refused."""
        if self._is_replay:
            return
        self._stop_waiting()
        check_head(self.headers, self.parser.get_http_version())
        self.app = _over_limit if self._is_over and not self.url.startswith(_HEALTH) else self._served_app
        self._is_in_head, self._has_begun, self._head_bytes = False, False, 0
        super().on_headers_complete()
        self._wait(self._bounds.body_s + SPARE_S, self._on_late_body)

    def on_message_complete(self) -> None:
        """Its body is whole; the next head may come."""
        if self.parser.should_upgrade():
            return  # the other parser will tell
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

    def _refuse(self, error: RequestError) -> None:
        """In the place of the answer, as long as none has begun: that of a request before it goes out as it is."""
        request_id.set(new_id())  # whatever the client called it: nobody has read that
        if self.transport.is_closing():
            return
        log.info("refused", extra={"client": (self.client or ("",))[0], "status": error.status, "error": error.label})
        if not self._is_answering or not (self.cycle.response_started or self.pipeline):
            self.transport.write(raw_answer(error, self.url if hasattr(self, "url") else b""))
        if self._is_answering:
            self.cycle.disconnected = True  # nothing of it may follow
        self.transport.close()
        self._cut_off_later()


_NO_REQUEST = "this is not a request of HTTP/1.1"
_FRAMING = (b"content-length", b"transfer-encoding")
_HEALTH = tuple(path.encode() for path in HEALTH)


async def _over_limit(scope: Scope, receive: Receive, send: Send) -> None:
    """In the place of the application."""
    request_id.set(new_id())
    answer = error_response(scope["path"], UnavailableError("there are too many connections: try again"))
    answer.headers.update({"connection": "close", ID_HEADER: request_id.get()})
    await answer(scope, receive, send)
