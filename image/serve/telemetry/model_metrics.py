"""What each model says about itself at the moment of the scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    UnknownMetricFamily,
)
from prometheus_client.registry import Collector

from serve.engine.histogram import Histogram
from serve.engine.types import Stats
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status

Value = Callable[[Status], float | None]
"""None: there is nothing to tell of this model."""

_GAUGES: dict[str, tuple[str, Value]] = {
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
    "model_gpu_memory_bytes": (
        "What the worker of a model was given of GPUs",
        lambda s: s.info.gpu_bytes if s.info and s.memory_bytes else 0,
    ),
    "model_memory_usage_bytes": ("What the worker of a model takes", lambda s: s.memory_bytes),
    "model_last_used_timestamp_seconds": ("When the last request came", lambda s: s.last_used_at),
}
# Those of the engine begin anew with each worker, as Prometheus expects of a process.
_COUNTERS: dict[str, tuple[str, Value]] = {
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


class ModelCollector(Collector):
    """Of all models that are known at that moment."""

    def __init__(self, statuses: Callable[[], Iterable[Status]]) -> None:
        self._statuses = statuses

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        statuses = list(self._statuses())
        # A name that ends so belongs to a histogram, says promtool, unless nobody says what it is.
        active = UnknownMetricFamily("active_model_count", "Models that serve")
        active.add_metric((), sum(s.state is State.SERVING for s in statuses))
        yield active
        state = GaugeMetricFamily("model_state", "1 for the state a model is in", labels=("model", "state"))
        for s in statuses:
            for each in State:
                state.add_metric((s.model, each.value), float(s.state is each))
        yield state
        for name, (text, value) in _GAUGES.items():
            yield _filled(GaugeMetricFamily(name, text, labels=("model",)), statuses, value)
        for name, (text, value) in _COUNTERS.items():
            yield _filled(CounterMetricFamily(name, text, labels=("model",)), statuses, value)
        yield _step_seconds(statuses)
        yield _histogram(statuses, "engine_first_token_seconds", "Since its arrival", lambda s: s.first_token)
        yield _histogram(statuses, "engine_next_token_seconds", "After the one before", lambda s: s.next_token)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, statuses: list[Status], value: Value
) -> GaugeMetricFamily | CounterMetricFamily:
    for s in statuses:
        found = value(s)
        if found is not None:
            family.add_metric((s.model,), found)
    return family


def _step_seconds(statuses: list[Status]) -> Metric:
    family = CounterMetricFamily("engine_step_seconds", "Where the engine's time goes", labels=("model", "part"))
    for s in statuses:
        stats = s.stats
        parts = {"plan": stats.plan_s, "decode": stats.decode_s, "sample": stats.sample_s}
        parts["rest"] = max(stats.step_s - sum(parts.values()), 0.0)
        for part, seconds in parts.items():
            family.add_metric((s.model, part), seconds)
    return family


def _histogram(statuses: list[Status], name: str, text: str, value: Callable[[Stats], Histogram]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=("model",))
    for s in statuses:
        found, total, buckets = value(s.stats), 0, []
        for bound, count in zip((*map(str, found.bounds_s), "+Inf"), found.counts or (0,), strict=False):
            total += count
            buckets.append((bound if found.bounds_s else "+Inf", float(total)))
        family.add_metric((s.model,), buckets, found.sum_s)
    return family
