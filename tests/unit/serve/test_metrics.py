"""Tests of serve.metrics."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from serve.engine.types import Histogram, Stats
from serve.lifecycle import State
from serve.metrics import GenerationRecord, Metrics
from serve.ports import Status
from tests.helpers.fakes import LOADED

STATUS = Status(
    model="m",
    state=State.SERVING,
    reason="",
    num_requests=3,
    num_restarts=2,
    load_share=1.0,
    first_load_ended=True,
    stats=Stats(
        num_running=1,
        num_waiting=2,
        num_slots=4,
        kv_tokens_reserved=10,
        kv_tokens_kept=4,
        kv_tokens_total=100,
        cached_prompt_tokens=70,
        plan_s=0.25,
        decode_s=2.0,
        sample_s=0.5,
        step_s=3.0,
        next_token=Histogram((0.1, 1.0), (3, 2, 1), 4.5),
    ),
    info=LOADED.info,
    written_at=0,
)


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """All values by name and labels."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for f in families for s in f.samples}


def test_models_tell_their_state_at_the_moment_of_the_scrape() -> None:
    """Queue, slots, KV, size, restarts, and exactly one state."""
    found = samples(Metrics(lambda: [STATUS]))
    model = (("model", "m"),)
    assert found["active_model_count", ()] == 1
    assert found["queue_depth", model] == 2
    assert found["model_running_requests", model] == 1
    assert found["model_kv_reserved_tokens", model] == 6
    assert found["model_kv_kept_tokens", model] == 4
    assert found["model_weights_bytes", model] == 1000
    assert found["worker_restarts_total", model] == 2
    states = [key for key, value in found.items() if key[0] == "model_state" and value == 1]
    assert states == [("model_state", (("model", "m"), ("state", "serving")))]


def test_the_engine_tells_where_its_time_goes_and_how_its_tokens_come() -> None:
    """Parts of a step add up to the whole; histograms are cumulative; one that nobody has filled yet is empty."""
    found = samples(Metrics(lambda: [STATUS]))
    model = ("model", "m")
    parts = {part: found["engine_step_seconds_total", (model, ("part", part))] for part in ("plan", "decode", "sample")}
    assert parts == {"plan": 0.25, "decode": 2.0, "sample": 0.5}
    assert found["engine_step_seconds_total", (model, ("part", "rest"))] == 0.25
    assert found["engine_cached_prompt_tokens_total", (model,)] == 70
    buckets = [found["engine_next_token_seconds_bucket", (("le", le), model)] for le in ("0.1", "1.0", "+Inf")]
    assert buckets == [3, 5, 6]
    assert found["engine_next_token_seconds_sum", (model,)] == 4.5
    assert found["engine_first_token_seconds_count", (model,)] == 0


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
