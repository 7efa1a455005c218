"""Tests of serve.telemetry.machine_metrics."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from serve.pulls.types import PullOrder, PullState, PullStatus
from serve.telemetry.gpu import Gpu, GpuWatch
from serve.telemetry.metrics import Metrics
from tests.helpers.samples import samples

PULL = PullStatus("1", PullOrder("owner/name", "a.gguf"), PullState.DOWNLOADING, 40, 100, 1.0, 60.0, "", (), 0.0)


def looking_at(pulls: list[PullStatus]) -> Metrics:
    """Metrics that look at this list."""
    return Metrics(list, pulls=lambda: pulls)


def test_pulls_that_go_on_are_told_with_what_is_left() -> None:
    """Of one that does not know its size yet, nothing."""
    found = samples(looking_at([PULL, replace(PULL, id="2", total_bytes=0)]))
    assert (found["pulls_running", ()], found["pulls_left_bytes", ()]) == (2, 60)


def test_each_pull_is_counted_once_at_its_end() -> None:
    """However often it is looked at, and when it is forgotten where it ran."""
    pulls = [PULL]
    metrics = looking_at(pulls)
    assert samples(metrics)["pulls_ended_total", (("outcome", "complete"),)] == 0
    pulls[0] = replace(PULL, state=PullState.COMPLETE)
    for _ in range(2):
        assert samples(metrics)["pulls_ended_total", (("outcome", "complete"),)] == 1
    pulls[:] = [replace(PULL, id="2", state=PullState.FAILED)]
    found = samples(metrics)
    assert found["pulls_ended_total", (("outcome", "complete"),)] == 1
    assert found["pulls_ended_total", (("outcome", "failed"),)] == 1
    assert (found["pulled_bytes_total", ()], found["pulls_running", ()]) == (100, 0)


states = st.sampled_from(list(PullState))


@given(st.lists(st.tuples(st.integers(0, 5), states), max_size=30))
def test_counters_never_go_down(steps: list[tuple[int, PullState]]) -> None:
    """Whatever comes and goes in the list."""
    pulls: dict[int, PullStatus] = {}
    metrics = Metrics(list, pulls=lambda: pulls.values())
    last = 0.0
    for number, state in steps:
        if number in pulls and pulls[number].state.has_ended:
            del pulls[number]
            continue
        pulls[number] = replace(PULL, id=str(number), state=state)
        found = samples(metrics)
        total = sum(value for (name, _), value in found.items() if name == "pulls_ended_total")
        assert total >= last
        last = total


def test_gpus_are_told_where_they_are_and_as_far_as_they_say() -> None:
    """Percent and bytes, by their index."""
    watch = GpuWatch(lambda: lambda: (Gpu(0, 87, 5, 9), Gpu(1, None, 6, 9)))
    metrics = Metrics(list, gpus=watch)
    asyncio.run(metrics.scrape())
    found = samples(metrics)
    assert found["gpu_utilization_percent", (("gpu", "0"),)] == 87
    assert ("gpu_utilization_percent", (("gpu", "1"),)) not in found
    assert [found["gpu_memory_used_bytes", (("gpu", index),)] for index in "01"] == [5, 6]


def test_what_is_not_there_is_left_out() -> None:
    """No GPU, no budget: no series that says 0."""
    names = {name for name, _ in samples(Metrics(list, gpus=GpuWatch(lambda: lambda: ())))}
    assert not {name for name in names if name.startswith(("gpu_", "models_memory"))}
    assert samples(Metrics(list, memory_bytes=lambda: 7))["models_memory_budget_bytes", ()] == 7
