"""The tracer of a server that has a collector: the SDK's own batches, sampler and resource, by its own variables.

The provider is nobody else's: with a global one FastAPI would make spans of its own, for the few requests that it sees.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from serve.tracing.exporter import JsonExporter, Post, poster
from serve.tracing.spans import SpanTracer

NAME = "slipway"
CLOSE_S = 1.0
"""How long the end of the server waits for the last spans."""


def make_tracer(endpoint: str, environ: Mapping[str, str], post: Post | None = None) -> SpanTracer:
    """Its batches are bounded: where the collector is too slow or gone, the oldest spans are dropped."""
    exporter = JsonExporter(post or poster(endpoint, environ))
    provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))

    # Waits from now on, since at the end of a process no thread can be started any more. The SDK would wait half a
    # minute for a collector that does not answer.
    closing = threading.Event()

    def end() -> None:
        closing.wait()
        provider.shutdown()

    last = threading.Thread(target=end, name="last spans", daemon=True)
    last.start()

    def close() -> None:
        exporter.shutdown()
        closing.set()
        last.join(CLOSE_S)

    return SpanTracer(provider, close)


def _resource() -> Resource:
    """As OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say it, and with a name in any case."""
    found = Resource.create()
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: NAME}))
    return found
