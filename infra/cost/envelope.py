"""Where the next node is bought: the cost of one workload over its replicas, all others typical."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from infra.cost.estimate import Market, Packer, typical_price
from infra.cost.money import HOURS_PER_MONTH, to_cents
from infra.cost.report import Step
from infra.cost.types import Demand, Packing


@dataclass(frozen=True, slots=True)
class Point:
    """The whole stack with so many replicas of one workload, were it so all month."""

    replicas: int
    num_nodes: int
    cost_cents: int


def curve(index: int, typical: Sequence[int], demand: Demand, market: Market, packer: Packer) -> list[Point]:
    """From the least to the most replicas of the workload at `index`."""
    workload = demand.workloads[index]
    points = []
    for count in range(workload.min_replicas, workload.max_replicas + 1):
        packing = packer.pack((*typical[:index], count, *typical[index + 1 :]))
        points.append(Point(count, len(packing.nodes), node_cents(packing, market)))
    return points


def steps(index: int, typical: Sequence[int], demand: Demand, market: Market, packer: Packer) -> Iterator[Step]:
    """The replica counts at which one more node is bought than for one replica less."""
    points = curve(index, typical, demand, market, packer)
    for before, point in itertools.pairwise(points):
        if point.num_nodes > before.num_nodes:
            more = point.cost_cents - before.cost_cents
            yield Step(demand.workloads[index].id, point.replicas, point.num_nodes, more)


def node_cents(packing: Packing, market: Market) -> int:
    """A month of these nodes at their typical price; nodes without a price are not in it."""
    price = typical_price(market)
    hours = [price(node.pool, node.type) or Fraction(0) for node in packing.nodes]
    return to_cents(sum(hours, start=Fraction(0)) * HOURS_PER_MONTH)
