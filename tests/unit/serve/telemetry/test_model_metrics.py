"""Tests of serve.telemetry.model_metrics."""

from __future__ import annotations

from dataclasses import replace

from serve.engine.histogram import Histogram
from serve.engine.types import Stats
from serve.supervision.lifecycle import State
from serve.supervision.ports import Status
from serve.telemetry.metrics import Metrics
from tests.helpers.fakes import LOADED
from tests.helpers.samples import samples

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
    memory_bytes=5000,
    last_used_at=1.7e9,
)


def test_models_tell_their_state_at_the_moment_of_the_scrape() -> None:
    """Queue, slots, KV, size, memory, restarts, last use, and exactly one state."""
    found = samples(Metrics(lambda: [STATUS]))
    model = (("model", "m"),)
    assert found["active_model_count", ()] == 1
    assert found["queue_depth", model] == 2
    assert found["model_running_requests", model] == 1
    assert found["model_kv_reserved_tokens", model] == 6
    assert found["model_kv_kept_tokens", model] == 4
    assert found["model_weights_bytes", model] == 1000
    assert found["model_memory_usage_bytes", model] == 5000
    assert found["model_last_used_timestamp_seconds", model] == 1.7e9
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


def test_a_model_that_nobody_used_has_no_time_of_its_last_use() -> None:
    """Not one in 1970; what it has is told all the same."""
    found = samples(Metrics(lambda: [replace(STATUS, last_used_at=None, info=None)]))
    assert ("model_last_used_timestamp_seconds", (("model", "m"),)) not in found
    assert found["model_weights_bytes", (("model", "m"),)] == 0
