"""What the machine and the pulls say at the moment of the scrape: GPUs, memory for models, downloads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serve.pulls.types import PullState, PullStatus
from serve.telemetry.gpu import Gpu

_OUTCOMES = (PullState.COMPLETE, PullState.FAILED, PullState.CANCELLED)


class PullCollector(Collector):
    """Counts each pull once, when it is first seen at its end: those that ended are only remembered for a while."""

    def __init__(self, pulls: Callable[[], Iterable[PullStatus]]) -> None:
        self._pulls = pulls
        self._counted: set[str] = set()
        self._ended: Counter[PullState] = Counter()
        self._pulled_bytes = 0

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        pulls = list(self._pulls())
        self._count([each for each in pulls if each.state.has_ended])
        running = [each for each in pulls if not each.state.has_ended]
        yield GaugeMetricFamily("pulls_running", "Downloads of weights that go on", len(running))
        left = sum(max(each.total_bytes - each.done_bytes, 0) for each in running)
        yield GaugeMetricFamily("pulls_left_bytes", "What they still have to download or to check", left)
        ended = CounterMetricFamily("pulls_ended", "Downloads of weights by how they ended", labels=("outcome",))
        for state in _OUTCOMES:
            ended.add_metric((state.value,), self._ended[state])
        yield ended
        yield CounterMetricFamily("pulled_bytes", "Weights that were downloaded whole", self._pulled_bytes)

    def _count(self, ended: list[PullStatus]) -> None:
        for each in ended:
            if each.id not in self._counted:
                self._ended[each.state] += 1
                self._pulled_bytes += each.total_bytes if each.state is PullState.COMPLETE else 0
        self._counted = {each.id for each in ended}  # the others are forgotten there, too


class MachineCollector(Collector):
    """What models may take, and what the GPUs are at. Where something is not known, it is left out."""

    def __init__(self, budget_bytes: Callable[[], int | None], gpus: Callable[[], Iterable[Gpu]]) -> None:
        self._budget_bytes = budget_bytes
        self._gpus = gpus

    def collect(self) -> Iterator[Metric]:
        """One family after the other."""
        budget = self._budget_bytes()
        if budget is not None:
            yield GaugeMetricFamily("models_memory_budget_bytes", "What all models together may take", budget)
        gpus = list(self._gpus())
        yield from _of_gpus(
            gpus, "gpu_utilization_percent", "Time in which it computed", lambda g: g.utilization_percent
        )
        yield from _of_gpus(gpus, "gpu_memory_used_bytes", "Memory that is in use", lambda g: g.used_bytes)
        yield from _of_gpus(gpus, "gpu_memory_total_bytes", "Memory that it has", lambda g: g.total_bytes)


def _of_gpus(gpus: list[Gpu], name: str, text: str, value: Callable[[Gpu], int | None]) -> Iterator[Metric]:
    family = GaugeMetricFamily(name, text, labels=("gpu",))
    for gpu in gpus:
        found = value(gpu)
        if found is not None:
            family.add_metric((str(gpu.index),), found)
    if family.samples:
        yield family
