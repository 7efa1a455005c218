"""How long the cost of a stack takes: `python -m bench.cost`.

Measured is `analyse` as a whole (both states, what changed, uncertainty, nodes, tokens) with the committed price book,
on seven models and on stacks of 250, 500 and 1,000 models with five replicas each on average. Half of them have GPUs,
sizes and bounds vary, one in ten has changed. Nothing is kept between rounds. It is processor time: nothing here waits,
and what else a machine does is no part of it. Linear is a time that grows as the stack: `linearity` is the time for
1,000 models by four times that for 250.
"""

from __future__ import annotations

import datetime
import json
import random
import sys
import time
from dataclasses import dataclass, replace

from infra.cost import machines
from infra.cost.analyse import analyse
from infra.cost.market import Market
from infra.cost.opening import open_market
from infra.cost.price_book import PriceBook
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Demand, NodeType, Pool, Resources, Shape, Volume, Workload
from infra.units import GI

SMALL, SIZES = 7, (250, 500, 1000)
ROUNDS = 3
SEED = 8
SMALL_TARGET_S, LARGE_TARGET_S = 0.5, 5.0
TODAY = datetime.date(2026, 8, 1)
GPU_TAINT = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}
TOLERATION = {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]}


@dataclass(frozen=True, slots=True)
class Measured:
    """One size of a stack: the best of a few rounds."""

    models: int
    pods: int
    nodes: int
    seconds: float


def main() -> None:
    """Measure and print."""
    found = [measure(count) for count in (SMALL, *SIZES)]
    say(f"{'models':>8}{'pods':>8}{'nodes':>8}{'seconds':>10}{'ms a pod':>10}")
    for each in found:
        a_pod = each.seconds * 1000 / each.pods
        say(f"{each.models:>8}{each.pods:>8}{each.nodes:>8}{each.seconds:>10.3f}{a_pod:>10.3f}")
    small, least, *_, most = found
    numbers = {
        "models": most.models,
        "pods": most.pods,
        "seconds": round(most.seconds, 3),
        "target_seconds": LARGE_TARGET_S,
        "small_models": small.models,
        "small_seconds": round(small.seconds, 3),
        "small_target_seconds": SMALL_TARGET_S,
        "linearity": round(most.seconds / (least.seconds * most.models / least.models), 2),
        "rounds": ROUNDS,
    }
    say(json.dumps(numbers))


def measure(count: int) -> Measured:
    """The best of a few rounds: the others have waited for something else on this machine."""
    after = make_demand(count)
    before = replace(after, workloads=tuple(_earlier(each, index) for index, each in enumerate(after.workloads)))
    seconds, nodes = [], 0
    for _ in range(ROUNDS):
        market = make_market(after)
        started = time.process_time()
        report = analyse("bench", before, after, market, PriceBook(market.settings).facts(TODAY))
        seconds.append(time.process_time() - started)
        nodes = sum(use.count[2] for use in report.nodes)
    return Measured(count, sum(each.max_replicas for each in after.workloads), nodes, min(seconds))


def make_market(demand: Demand) -> Market:
    """Prices of us-east-1; two pools, GPUs on spot."""
    gpu = Pool("gpu", _types("g5.xlarge", "g5.12xlarge"), Capacity.SPOT, ("a", "b", "c"), taints=(GPU_TAINT,))
    cpu = Pool("cpu", _types("m7i.2xlarge", "m7i.4xlarge"), Capacity.ON_DEMAND, ("a", "b", "c"))
    return open_market(CostSettings("aws", "us-east-1", (gpu, cpu)), demand)


def make_demand(count: int) -> Demand:
    """Models of different sizes, each with a claim."""
    draw = random.Random(SEED)  # noqa: S311  nothing is kept secret with it
    workloads = tuple(_workload(f"model-{index}", draw) for index in range(count))
    volumes = tuple(Volume("bench", each.name, "gp3", 50 * GI, "ReadWriteMany", each.model) for each in workloads)
    return Demand(workloads, volumes)


def _workload(name: str, draw: random.Random) -> Workload:
    gpus = draw.choice((0, 1))
    requests = Resources(draw.choice((500, 1000, 2000, 3000)), draw.choice((1, 2, 4, 8, 12)) * GI, gpus)
    shape = Shape(requests, {"app": name}, TOLERATION if gpus else {})
    return Workload("Deployment", "bench", name, shape, draw.randint(1, 3), draw.randint(3, 7), model=name)


def _earlier(workload: Workload, index: int) -> Workload:
    return replace(workload, max_replicas=workload.max_replicas + 1) if index % 10 == 0 else workload


def _types(*names: str) -> tuple[NodeType, ...]:
    found = [machines.find("aws", name) for name in names]
    return tuple(each for each in found if each is not None)


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
