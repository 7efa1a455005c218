"""ASGI middleware around every request: an id, one access log line, metrics. Never a prompt.

While the server leaves, each answer is the last one of its connection: the next request goes to another server.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.answers.errors import anthropic, error_response, shape_of
from serve.errors import ForbiddenError, RateLimitError, RequestError, UnauthorizedError
from serve.log import ID_HEADER, new_id, request_id, trace_id
from serve.telemetry import records
from serve.telemetry.metrics import Metrics
from serve.telemetry.records import Noted
from serve.telemetry.traces import LEFT, PROBES, NoTracer, Tracer

log = logging.getLogger(__name__)

ANTHROPIC_HEADER = "request-id"  # where Anthropic's clients look for it
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
REFUSALS = frozenset(kind.label for kind in (UnauthorizedError, ForbiddenError, RateLimitError))
_LAST = (b"connection", b"close")


class Access:
    """The outermost layer."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        tracer: Tracer | None = None,
        is_leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tracer = tracer or NoTracer()
        self._is_leaving = is_leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID_HEADER)
        request_id.set(given if given and _SANE_ID.fullmatch(given) else new_id())
        names = (ID_HEADER, ANTHROPIC_HEADER) if shape_of(scope["path"]) is anthropic else (ID_HEADER,)
        id_headers = [(name.encode(), request_id.get().encode()) for name in names]
        span, noted = self._tracer.begin(scope), records.collect()
        trace_id.set(span.trace_id)
        started, status = time.monotonic(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"].extend(id_headers)
                if self._is_leaving():
                    message["headers"].append(_LAST)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except Exception:
            log.exception("a bug of ours")  # here with its trace; the client gets none of it
            if status == 0:
                await _answer(scope, RequestError("the server made a mistake; its log has this request's id"))(
                    scope, receive, send_with_id
                )
        finally:
            span.end(status or LEFT, noted)
            self._tell(scope, status or LEFT, time.monotonic() - started, noted)

    def _tell(self, scope: Scope, status: int, duration_s: float, noted: Noted) -> None:
        key = scope.get("state", {}).get("key", "")  # the name of one, never its value
        route = getattr(scope.get("route"), "path", "unmatched")
        self._metrics.http_request(scope["method"], route, status, duration_s)
        if noted.error in REFUSALS:
            self._metrics.refused(key, noted.error)
        level = logging.DEBUG if route.startswith(PROBES) else logging.INFO
        if not log.isEnabledFor(level):
            return
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "duration_s": round(duration_s, 4),
            "client": (scope.get("client") or ("",))[0],
        }
        if key:
            fields["key"] = key
        log.log(level, "request", extra=fields | records.fields(noted))


def _answer(scope: Scope, error: RequestError) -> JSONResponse:
    """An answer after which the connection is not used any more."""
    answer = error_response(scope["path"], error)
    answer.headers["connection"] = "close"
    return answer
