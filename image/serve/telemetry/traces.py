"""The trace that a request belongs to: what W3C's `traceparent` says, and who is told of spans.

Knows no OpenTelemetry: without a collector to send to, nothing of it is imported. tracing/ has the real tracer.
"""

from __future__ import annotations

import re
from typing import Protocol

from starlette.datastructures import Headers
from starlette.types import Scope

from serve.telemetry.records import Noted

LEFT = 499
"""As others log it: the client left before there was an answer. No status of HTTP."""
PROBES = ("/health", "/v1/health", "/ready", "/metrics", "/ui/state")
"""What is asked every few seconds begins so: worth no span, and a line of the log only for who looks closely."""
TRACEPARENT = "traceparent"
# https://www.w3.org/TR/trace-context/#traceparent-header: a later version may have more after the flags, this one not.
_FORM = re.compile(
    r"(?!ff)(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-[0-9a-f]{2}(?P<more>-.*)?"
)


class OpenSpan(Protocol):
    """One HTTP request, while it is answered."""

    @property
    def trace_id(self) -> str:
        """For log lines: 32 hexadecimal digits, or nothing."""

    def end(self, status: int, noted: Noted) -> None:
        """It was answered, or its client left; this was noted of it."""


class Tracer(Protocol):
    """Is told when each request begins."""

    def begin(self, scope: Scope) -> OpenSpan:
        """Never raises, never waits."""

    def close(self) -> None:
        """The server ends: what was not sent yet may be sent, in a second at most."""


class NoSpan:
    """Only remembers whose trace it would be in."""

    def __init__(self, trace_id: str) -> None:
        self.trace_id = trace_id

    def end(self, status: int, noted: Noted) -> None:
        """Nobody is told."""


class NoTracer:
    """Where no collector is named."""

    def begin(self, scope: Scope) -> NoSpan:
        """The caller's trace is still worth a place in the log."""
        return NoSpan(trace_id_of(Headers(scope=scope).get(TRACEPARENT, "")))

    def close(self) -> None:
        """Nothing is open."""


def trace_id_of(traceparent: str) -> str:
    """The trace that it names, or nothing where it is not as it must be."""
    found = _FORM.fullmatch(traceparent.strip())
    if found is None or (found["version"] == "00" and found["more"]):
        return ""
    return found["trace"] if int(found["trace"], 16) and int(found["span"], 16) else ""
