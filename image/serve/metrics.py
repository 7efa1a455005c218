"""The only place that knows metric names. Units are in the names; labels are few and bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from serve.engine.types import Histogram as EngineHistogram
from serve.engine.types import Stats
from serve.lifecycle import State
from serve.ports import Status
from serve.records import GenerationRecord

# Any word can be sent as a method, and each new label value is memory that never comes back.
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
Family = TypeVar("Family", Counter, Histogram)
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Metrics:
    """Counts what is told to it; reads the models' state when asked."""

    def __init__(self, statuses: Callable[[], Iterable[Status]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_ModelCollector(statuses))
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
        self._of(self._tokens, record.model, "prompt").inc(record.num_prompt_tokens)
        self._of(self._tokens, record.model, "generated").inc(record.num_generated_tokens)

    def _of(self, family: Family, *labels: str) -> Family:
        """The member with these labels. Prometheus' own look-up takes longer than all else here; labels are few."""
        found = self._members.get((family, labels))
        if found is None:
            found = self._members[(family, labels)] = family.labels(*labels)
        return found  # type: ignore[return-value]  # a member is of its family's type

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)


class _ModelCollector(Collector):
    """What each model says about itself at the moment of the scrape."""

    def __init__(self, statuses: Callable[[], Iterable[Status]]) -> None:
        self._statuses = statuses

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        statuses = list(self._statuses())
        active = GaugeMetricFamily("active_model_count", "Models that serve")
        active.add_metric((), sum(s.state is State.SERVING for s in statuses))
        yield active
        state = GaugeMetricFamily("model_state", "1 for the state a model is in", labels=("model", "state"))
        for s in statuses:
            for each in State:
                state.add_metric((s.model, each.value), float(s.state is each))
        yield state
        yield from self._per_model(statuses)

    def _per_model(self, statuses: list[Status]) -> Iterator[Metric]:
        gauges: dict[str, tuple[str, Callable[[Status], float]]] = {
            "queue_depth": ("Requests that wait for a slot", lambda s: s.stats.num_waiting),
            "model_running_requests": ("Requests in a slot", lambda s: s.stats.num_running),
            "model_slots": ("Requests that can run at once", lambda s: s.stats.num_slots),
            "model_kv_reserved_tokens": (
                "KV tokens that running requests hold",
                lambda s: s.stats.kv_tokens_reserved - s.stats.kv_tokens_kept,
            ),
            "model_kv_kept_tokens": ("KV tokens of ended requests, free to be used", lambda s: s.stats.kv_tokens_kept),
            "model_kv_tokens_capacity": ("KV tokens there are", lambda s: s.stats.kv_tokens_total),
            "model_weights_bytes": ("Size of the loaded weights", lambda s: s.info.size_bytes if s.info else 0),
        }
        for name, (text, value) in gauges.items():
            family = GaugeMetricFamily(name, text, labels=("model",))
            for s in statuses:
                family.add_metric((s.model,), value(s))
            yield family
        yield from _counters(statuses)
        yield _step_seconds(statuses)
        yield _histogram(statuses, "engine_first_token_seconds", "Since its arrival", lambda s: s.first_token)
        yield _histogram(statuses, "engine_next_token_seconds", "After the one before", lambda s: s.next_token)


def _counters(statuses: list[Status]) -> Iterator[Metric]:
    """Those of the engine begin anew with each worker, as Prometheus expects of a process."""
    counters: dict[str, tuple[str, Callable[[Status], float]]] = {
        "worker_restarts": ("Workers that had to be replaced", lambda s: s.num_restarts),
        "engine_steps": ("Batches that were computed", lambda s: s.stats.num_steps),
        "engine_prompt_tokens": ("Tokens of prompts that were computed", lambda s: s.stats.prompt_tokens),
        "engine_cached_prompt_tokens": (
            "Tokens of prompts that were there already",
            lambda s: s.stats.cached_prompt_tokens,
        ),
        "engine_generated_tokens": ("Tokens that were chosen", lambda s: s.stats.generated_tokens),
        "engine_draft_tokens": ("Tokens that were guessed", lambda s: s.stats.draft_tokens),
        "engine_accepted_draft_tokens": ("Guesses that were right", lambda s: s.stats.accepted_draft_tokens),
        "engine_evictions": ("Ended requests whose KV tokens were given up", lambda s: s.stats.num_evicted),
    }
    for name, (text, value) in counters.items():
        family = CounterMetricFamily(name, text, labels=("model",))
        for s in statuses:
            family.add_metric((s.model,), value(s))
        yield family


def _step_seconds(statuses: list[Status]) -> Metric:
    family = CounterMetricFamily("engine_step_seconds", "Where the engine's time goes", labels=("model", "part"))
    for s in statuses:
        stats = s.stats
        parts = {"plan": stats.plan_s, "decode": stats.decode_s, "sample": stats.sample_s}
        parts["rest"] = max(stats.step_s - sum(parts.values()), 0.0)
        for part, seconds in parts.items():
            family.add_metric((s.model, part), seconds)
    return family


def _histogram(statuses: list[Status], name: str, text: str, value: Callable[[Stats], EngineHistogram]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=("model",))
    for s in statuses:
        found, total, buckets = value(s.stats), 0, []
        for bound, count in zip((*map(str, found.bounds_s), "+Inf"), found.counts or (0,), strict=False):
            total += count
            buckets.append((bound if found.bounds_s else "+Inf", float(total)))
        family.add_metric((s.model,), buckets, found.sum_s)
    return family
