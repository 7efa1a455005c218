"""Sends finished spans to a collector as OTLP over HTTP, in JSON: the encoding is OpenTelemetry's own package.

Its HTTP exporters bring protobuf or further clients; httpx2 is in the image anyway. All of this runs in the thread of
the batch processor: nobody waits for it. Spans that can't be sent are lost, which is told once, not for each batch.
"""

from __future__ import annotations

import gzip
import logging
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence

import httpx2
from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from serve.tracing.endpoint import variable

log = logging.getLogger(__name__)

PAUSES_S = (0.5, 2.0)
"""Before it is tried again."""
_TEMPORARY = frozenset({429, 502, 503, 504})

Post = Callable[[bytes], int]
"""Returns the status; OSError or httpx2.HTTPError: there is none."""


class JsonExporter(SpanExporter):
    """One collector."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._closing = threading.Event()
        self._has_failed = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Try a few times; an answer that says `never` is believed."""
        body = encode_spans(spans).to_json().encode()
        problem = self._try(body)
        for pause_s in PAUSES_S:
            if problem is None or not problem[1] or self._closing.wait(pause_s):
                break
            problem = self._try(body)
        self._tell(problem[0] if problem else "", len(spans))
        return SpanExportResult.FAILURE if problem else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """No more second tries."""
        self._closing.set()

    def _try(self, body: bytes) -> tuple[str, bool] | None:
        """None when it has them, else what was wrong and whether that may pass."""
        try:
            status = self._post(body)
        except (httpx2.HTTPError, OSError) as error:
            return f"{type(error).__name__}: {error}", True
        return None if 200 <= status < 300 else (f"it answered {status}", status in _TEMPORARY)

    def _tell(self, problem: str, num_spans: int) -> None:
        if problem and not self._has_failed:
            log.warning("spans can't be sent to the collector", extra={"reason": problem, "num_spans": num_spans})
        elif self._has_failed and not problem:
            log.info("spans are sent to the collector again")
        self._has_failed = bool(problem)


def poster(endpoint: str, environ: Mapping[str, str]) -> Post:
    """Posts to this address as OpenTelemetry's variables say: headers, certificate, compression, timeout (seconds)."""
    headers = {"content-type": "application/json", **parse_env_headers(variable(environ, "HEADERS"), liberal=True)}
    zips = variable(environ, "COMPRESSION") == "gzip"
    if zips:
        headers["content-encoding"] = "gzip"
    authority = variable(environ, "CERTIFICATE")
    client = httpx2.Client(
        headers=headers,
        timeout=float(variable(environ, "TIMEOUT") or 10),
        verify=ssl.create_default_context(cafile=authority) if authority else True,
    )

    def post(body: bytes) -> int:
        return client.post(endpoint, content=gzip.compress(body) if zips else body).status_code

    return post
