"""Where the next node is bought: the cost of one workload over its replicas, all others typical."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from infra.cost.market import HourPrices, Market, Packer
from infra.cost.money import HOURS_PER_MONTH, to_cents
from infra.cost.months import Month
from infra.cost.report import Curve, Step
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand

MAX_PODS = 20_000
"""In all packings together: the curves of workloads that come later are left out."""


def curve(index: int, usual: Sequence[int], demand: Demand, market: Market, packer: Packer) -> Curve:
    """From the least to the most replicas of the workload at `index`; nodes without a price are not in the cost."""
    workload, price = demand.workloads[index], HourPrices(market, Scenario.TYPICAL)
    points = []
    for count in range(workload.min_replicas, workload.max_replicas + 1):
        packing = packer.pack((*usual[:index], count, *usual[index + 1 :]))
        points.append((count, len(packing.nodes), to_cents(price.of(packing) * HOURS_PER_MONTH)))
    return Curve(workload.id, tuple(points))


def curves(
    demand: Demand, typical: Month, market: Market, packer: Packer, max_pods: int = MAX_PODS
) -> tuple[list[Curve], list[str]]:
    """Of every workload whose replicas vary, and the ids of those that are left out: each point packs the stack.

    What is typical are the replicas of the busiest part of the week.
    """
    usual = max(typical.replicas, key=sum, default=())
    found: list[Curve] = []
    left_out: list[str] = []
    for index, workload in enumerate(demand.workloads):
        num_points = workload.max_replicas - workload.min_replicas + 1
        if num_points < 2:
            continue
        max_pods -= num_points * sum(usual)
        if max_pods >= 0:
            found.append(curve(index, usual, demand, market, packer))
        else:
            left_out.append(workload.id)
    return found, left_out


def steps(of: Iterable[Curve]) -> Iterator[Step]:
    """The replica counts at which one more node is bought than for one replica less."""
    for each in of:
        for (_, before, cheaper), (replicas, num_nodes, cents) in itertools.pairwise(each.points):
            if num_nodes > before:
                yield Step(each.workload, replicas, num_nodes, cents - cheaper)
