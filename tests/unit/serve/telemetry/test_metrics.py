"""Tests of serve.telemetry.metrics."""

from __future__ import annotations

from serve.telemetry.metrics import Metrics
from serve.telemetry.records import GenerationRecord
from tests.helpers.samples import samples


def test_generations_are_counted_by_outcome() -> None:
    """Duration, time to the first token, and tokens of both kinds."""
    metrics = Metrics(list)
    metrics.generation(GenerationRecord("m", "stop", 2.0, 0.3, 5, 7))
    metrics.generation(GenerationRecord("m", "cancelled", 1.0, None, 5, 0))
    found = samples(metrics)
    assert found["model_request_total", (("model", "m"), ("outcome", "stop"))] == 1
    assert found["model_request_duration_seconds_count", (("model", "m"),)] == 2
    assert found["model_time_to_first_token_seconds_count", (("model", "m"),)] == 1
    assert found["model_tokens_total", (("kind", "prompt"), ("model", "m"))] == 10
    assert found["model_tokens_total", (("kind", "generated"), ("model", "m"))] == 7


def test_http_requests_are_counted_by_route() -> None:
    """Method, route and status; a method that nobody knows is `other`."""
    metrics = Metrics(list)
    for method, label in (("GET", "GET"), ("BREW", "other")):
        metrics.http_request(method, "/health", 200, 0.01)
        labels = (("method", label), ("path", "/health"), ("status", "200"))
        assert samples(metrics)["http_requests_total", labels] == 1


def test_a_wait_for_a_slot_is_told_where_it_is_known() -> None:
    """Of one that was refused, nobody knows it."""
    metrics = Metrics(list)
    metrics.generation(GenerationRecord("m", "stop", 2.0, 0.3, 5, 7, queue_s=0.2))
    metrics.generation(GenerationRecord("m", "overloaded", 0.0, None, 0, 0))
    found = samples(metrics)
    assert found["model_queue_seconds_count", (("model", "m"),)] == 1
    assert found["model_queue_seconds_sum", (("model", "m"),)] == 0.2


def test_refusals_are_counted_by_key_and_reason() -> None:
    """By the key's name."""
    metrics = Metrics(list)
    metrics.refused("alice", "rate_limit_exceeded")
    labels = (("key", "alice"), ("reason", "rate_limit_exceeded"))
    assert samples(metrics)["http_refused_total", labels] == 1


def test_the_process_itself_is_told_and_nothing_twice() -> None:
    """Memory, processor time, open files; no second series that says since when each one counts."""
    metrics = Metrics(list)
    metrics.http_request("GET", "/health", 200, 0.01)
    names = {name for name, _ in samples(metrics)}
    assert names >= {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}
    assert not {name for name in names if name.endswith("_created")}
