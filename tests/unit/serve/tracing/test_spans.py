"""Tests of serve.tracing.spans: what a request's spans say, as the SDK has them in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from serve.telemetry.records import GenerationRecord, Noted
from serve.telemetry.traces import LEFT
from serve.tracing.spans import SpanTracer, parts

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
RECORD = GenerationRecord("m", "stop", 2.0, 0.5, 5, 7, num_cached_tokens=3, queue_s=0.2, began_s=100.0)


class Route:
    """As FastAPI leaves it in the scope."""

    path = "/v1/chat/completions"


def scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """A request as uvicorn tells it."""
    return {
        "type": "http", "method": "POST", "path": "/v1/chat/completions", "scheme": "http", "http_version": "1.1",
        "server": ("10.0.0.1", 8000), "client": ("10.0.0.2", 5), "headers": list(headers), "route": Route,
    }  # fmt: skip


def spans_of(asked: dict[str, Any], status: int, noted: Noted) -> list[ReadableSpan]:
    """The last one first: the request's own, then its parts."""
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    span = SpanTracer(provider, lambda: None).begin(asked)
    span.end(status, noted)
    return list(memory.get_finished_spans()[::-1])


def test_a_request_is_a_span_of_the_server_in_the_callers_trace() -> None:
    """Named by its route, with HTTP's attributes."""
    parent = f"00-{TRACE}-{CALLER}-01".encode()
    own = spans_of(scope((b"traceparent", parent)), 200, Noted())[0]
    assert (own.name, own.kind) == ("POST /v1/chat/completions", SpanKind.SERVER)
    assert own.parent is not None
    assert format(own.parent.span_id, "016x") == CALLER
    assert own.context is not None
    assert format(own.context.trace_id, "032x") == TRACE
    assert own.attributes is not None
    told = {key: own.attributes[key] for key in own.attributes if key != "slipway.request_id"}
    assert told == {
        "http.request.method": "POST", "http.route": "/v1/chat/completions", "http.response.status_code": 200,
        "url.path": "/v1/chat/completions", "url.scheme": "http", "network.protocol.version": "1.1",
        "server.address": "10.0.0.1", "server.port": 8000, "client.address": "10.0.0.2",
    }  # fmt: skip


def test_a_generation_is_told_in_the_words_of_generative_ai_and_in_parts() -> None:
    """Children of the request, one after the other, from where the other ended."""
    own, *backwards = spans_of(scope(), 200, Noted([RECORD]))
    inner = backwards[::-1]
    attributes = own.attributes or {}
    assert attributes["gen_ai.request.model"] == "m"
    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.response.finish_reasons"] == ("stop",)
    usage = [attributes[f"gen_ai.usage.{kind}_tokens"] for kind in ("input", "cache_read.input", "output")]
    assert usage == [5, 3, 7]
    assert [span.name for span in inner] == ["queue", "prefill", "decode"]
    assert own.context is not None
    assert {span.parent.span_id for span in inner if span.parent} == {own.context.span_id}
    times = [((span.end_time or 0) - (span.start_time or 0)) / 1e9 for span in inner]
    assert times == pytest.approx([0.2, 0.3, 1.5])
    assert [span.start_time for span in inner[1:]] == [span.end_time for span in inner[:-1]]


@pytest.mark.parametrize(
    ("status", "noted", "error", "code"),
    [
        (200, Noted(), None, StatusCode.UNSET),
        (404, Noted(error="model_not_found"), None, StatusCode.UNSET),
        (503, Noted(error="draining"), "draining", StatusCode.ERROR),
        (500, Noted(), "500", StatusCode.ERROR),
        (200, Noted([replace(RECORD, outcome="worker_lost")]), "worker_lost", StatusCode.ERROR),
        (200, Noted([replace(RECORD, outcome="cancelled")]), "cancelled", StatusCode.UNSET),
        (LEFT, Noted(), None, StatusCode.UNSET),
    ],
)
def test_an_error_of_ours_is_one_of_the_span(status: int, noted: Noted, error: str | None, code: StatusCode) -> None:
    """Also one in the middle of a stream; what the client did wrong, or that it left, is none."""
    own = spans_of(scope(), status, noted)[0]
    assert (own.attributes or {}).get("error.type") == error
    assert own.status.status_code is code
    assert ("http.response.status_code" in (own.attributes or {})) == (status != LEFT)


@pytest.mark.parametrize("path", ["/health", "/healthz", "/health/ready", "/ready", "/v1/health", "/metrics"])
def test_probes_are_no_spans(path: str) -> None:
    """There would be more of them than of anything else."""
    assert spans_of(scope() | {"path": path}, 200, Noted()) == []


def test_of_what_was_cut_off_only_the_known_parts_are_told() -> None:
    """Nobody said when it got its slot."""
    cut = replace(RECORD, queue_s=None)
    assert [name for name, *_ in parts(cut)] == ["queue and prefill", "decode"]
    assert [name for name, *_ in parts(replace(cut, first_token_s=None))] == ["queue and prefill"]


seconds = st.floats(0, 1e4)


@given(seconds, st.none() | seconds, st.none() | seconds)
def test_parts_follow_each_other(duration_s: float, first_s: float | None, queue_s: float | None) -> None:
    """From the beginning to the end, none of them backwards, whatever two clocks say."""
    first = None if first_s is None else min(first_s, duration_s)
    found = list(parts(replace(RECORD, duration_s=duration_s, first_token_s=first, queue_s=queue_s)))
    assert found[0][1] == RECORD.began_s
    assert found[-1][2] == RECORD.began_s + duration_s
    assert all(start <= end for _, start, end in found)
    assert [start for _, start, _ in found[1:]] == [end for *_, end in found[:-1]]
