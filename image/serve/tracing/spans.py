"""A request as spans: the server's own, and what its generations did one after the other.

    POST /v1/chat/completions      HTTP's and generative AI's semantic conventions
        queue                      until there was a slot
        prefill                    until the first token
        decode                     until the end

Parts are told when all is over, with the times at which they were: nothing is done for them while tokens come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from opentelemetry.propagate import extract
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import AttributeValue
from starlette.datastructures import Headers
from starlette.types import Scope

from serve.log import request_id
from serve.telemetry.records import GenerationRecord, Noted
from serve.telemetry.traces import LEFT, PROBES, NoTracer, OpenSpan

Attributes = dict[str, AttributeValue]
Part = tuple[str, float, float]
"""Name, begin and end, by the monotonic clock."""


class SpanTracer:
    """Makes a span of each request."""

    def __init__(self, provider: TracerProvider, close: Callable[[], None]) -> None:
        self._tracer = provider.get_tracer("slipway")
        self.close = close

    def begin(self, scope: Scope) -> OpenSpan:
        """In the trace of the caller, where there is one. Probes would only hide the others."""
        if scope["path"].startswith(PROBES):
            return NoTracer().begin(scope)
        context = extract(dict(Headers(scope=scope)))
        began_ns, began_s = time.time_ns(), time.monotonic()
        span = self._tracer.start_span(
            scope["method"], context, SpanKind.SERVER, attributes=_of_request(scope), start_time=began_ns
        )
        return RequestSpan(self, span, scope, began_ns, began_s)

    def part(self, parent: Span, name: str, start_ns: int, end_ns: int) -> None:
        """One that is over."""
        context = set_span_in_context(parent)
        self._tracer.start_span(name, context, SpanKind.INTERNAL, start_time=start_ns).end(end_ns)


class RequestSpan:
    """One that is open."""

    def __init__(self, tracer: SpanTracer, span: Span, scope: Scope, began_ns: int, began_s: float) -> None:
        self._tracer = tracer
        self._span = span
        self._scope = scope
        self._began_ns = began_ns
        self._began_s = began_s
        self.trace_id = format(span.get_span_context().trace_id, "032x")

    def end(self, status: int, noted: Noted) -> None:
        """With all that is known now."""
        span = self._span
        if span.is_recording():
            self._describe(status, noted)
            for record in noted.generations:
                for name, start_s, end_s in parts(record):
                    self._tracer.part(span, name, self._at(start_s), self._at(end_s))
        span.end(self._at(time.monotonic()))

    def _describe(self, status: int, noted: Noted) -> None:
        span, scope = self._span, self._scope
        route = getattr(scope.get("route"), "path", None)
        if route is not None:
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.route", route)
        if status != LEFT:
            span.set_attribute("http.response.status_code", status)
        if noted.generations:
            span.set_attributes(of_generations(noted.generations, route or ""))
        failed = noted.error or (noted.generations[-1].outcome if noted.generations else "")
        if status >= 500 or (status < 400 and failed and failed not in _FINE):
            span.set_attribute("error.type", failed or str(status))
            if failed != "cancelled":
                span.set_status(Status(StatusCode.ERROR))

    def _at(self, monotonic_s: float) -> int:
        """On the clock of the wall, as it was when the request began: a jump of it since then moves nothing."""
        return self._began_ns + int((monotonic_s - self._began_s) * 1e9)


_FINE = ("stop", "length", "embedded")


def parts(record: GenerationRecord) -> Iterator[Part]:
    """What is known of a generation's course: of one that was cut off, only whether there was a first token."""
    began_s, end_s = record.began_s, record.began_s + record.duration_s
    first_s = end_s if record.first_token_s is None else began_s + record.first_token_s
    if record.queue_s is None:
        yield "queue and prefill", began_s, first_s
    else:
        slot_s = min(began_s + record.queue_s, first_s)
        yield "queue", began_s, slot_s
        yield "prefill", slot_s, first_s
    if record.first_token_s is not None:
        yield "decode", first_s, end_s


def of_generations(records: list[GenerationRecord], route: str) -> Attributes:
    """https://opentelemetry.io/docs/specs/semconv/gen-ai/"""
    return {
        "gen_ai.operation.name": _operation(route),
        "gen_ai.provider.name": "slipway",
        "gen_ai.request.model": records[-1].model,
        "gen_ai.response.finish_reasons": [each.outcome for each in records],
        "gen_ai.usage.input_tokens": sum(each.num_prompt_tokens for each in records),
        "gen_ai.usage.cache_read.input_tokens": sum(each.num_cached_tokens for each in records),
        "gen_ai.usage.output_tokens": sum(each.num_generated_tokens for each in records),
    }


def _operation(route: str) -> str:
    if "embed" in route:
        return "embeddings"
    return "chat" if any(word in route for word in ("chat", "messages", "responses")) else "text_completion"


def _of_request(scope: Scope) -> Attributes:
    """https://opentelemetry.io/docs/specs/semconv/http/http-spans/"""
    told: Attributes = {
        "http.request.method": scope["method"],
        "url.path": scope["path"],
        "url.scheme": scope["scheme"],
        "network.protocol.version": scope["http_version"],
        "slipway.request_id": request_id.get(),
    }
    if scope.get("server"):
        told["server.address"], told["server.port"] = scope["server"]
    if scope.get("client"):
        told["client.address"] = scope["client"][0]
    return told
