"""What is counted as it happens, and the text of a scrape. Units are in the names; labels are few and bounded.

What is only read at the moment of a scrape is in model_metrics.py and machine_metrics.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from serve.pulls.types import PullStatus
from serve.supervision.ports import Status
from serve.telemetry.gpu import GpuWatch
from serve.telemetry.machine_metrics import MachineCollector, PullCollector
from serve.telemetry.model_metrics import ModelCollector
from serve.telemetry.records import GenerationRecord

# Any word can be sent as a method, and each new label value is memory that never comes back.
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
Family = TypeVar("Family", Counter, Histogram)
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counts what is told to it; reads the rest when asked."""

    def __init__(
        self,
        statuses: Callable[[], Iterable[Status]],
        *,
        pulls: Callable[[], Iterable[PullStatus]] = list,
        memory_bytes: Callable[[], int | None] = lambda: None,
        gpus: GpuWatch | None = None,
    ) -> None:
        # Otherwise each has a second series, which says what the process' own start says.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._gpus = gpus or GpuWatch()
        self._registry = CollectorRegistry()
        self._registry.register(ModelCollector(statuses))
        self._registry.register(PullCollector(pulls))
        self._registry.register(MachineCollector(memory_bytes, lambda: self._gpus.latest))
        ProcessCollector(registry=self._registry)  # of the HTTP process alone
        self._members: dict[tuple[Counter | Histogram, tuple[str, ...]], Counter | Histogram] = {}
        r = self._registry
        self._http = Counter("http_requests", "HTTP requests", ("method", "path", "status"), registry=r)
        self._http_s = Histogram(
            "http_request_duration_seconds", "Time to the end of the answer", ("path",), buckets=_SECONDS, registry=r
        )
        self._refused = Counter("http_refused", "Requests that a key may not make", ("key", "reason"), registry=r)
        self._requests = Counter("model_request", "Generations by how they ended", ("model", "outcome"), registry=r)
        self._requests_s = Histogram(
            "model_request_duration_seconds", "Whole generations", ("model",), buckets=_SECONDS, registry=r
        )
        self._first_s = Histogram(
            "model_time_to_first_token_seconds", "Until the first token", ("model",), buckets=_SECONDS, registry=r
        )
        self._queue_s = Histogram(
            "model_queue_seconds", "Until there was a slot", ("model",), buckets=_SECONDS, registry=r
        )
        self._tokens = Counter("model_tokens", "Tokens read and written", ("model", "kind"), registry=r)

    def http_request(self, method: str, path: str, status: int, duration_s: float) -> None:
        """One HTTP request ended. `path` is the route: it and the method are never what a client made up."""
        self._of(self._http, method if method in _METHODS else "other", path, str(status)).inc()
        self._of(self._http_s, path).observe(duration_s)

    def refused(self, key: str, reason: str) -> None:
        """A request was refused. `key` is a key's name out of the keys file, never what a client sent."""
        self._of(self._refused, key, reason).inc()

    def generation(self, record: GenerationRecord) -> None:
        """One generation ended."""
        self._of(self._requests, record.model, record.outcome).inc()
        self._of(self._requests_s, record.model).observe(record.duration_s)
        if record.first_token_s is not None:
            self._of(self._first_s, record.model).observe(record.first_token_s)
        if record.queue_s is not None:
            self._of(self._queue_s, record.model).observe(record.queue_s)
        self._of(self._tokens, record.model, "prompt").inc(record.num_prompt_tokens)
        self._of(self._tokens, record.model, "generated").inc(record.num_generated_tokens)

    def _of(self, family: Family, *labels: str) -> Family:
        """The member with these labels. Prometheus' own look-up takes longer than all else here; labels are few."""
        found = self._members.get((family, labels))
        if found is None:
            found = self._members[(family, labels)] = family.labels(*labels)
        return found  # type: ignore[return-value]  # a member is of its family's type

    async def scrape(self) -> bytes:
        """The same after a look at what takes time to be asked."""
        await self._gpus.look()
        return self.text()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
