"""The three months of a stack: for each piece of the week how many replicas run, on which nodes, and what that costs.

Filling nodes is no monotone thing: now and then fewer pods need dearer nodes than more pods would. Low and high are to
be bounds all the same. So in each piece the low month has the cheapest, and the high month the dearest, of the packings
of both that and the typical replicas; as prices are ordered, too, low <= typical <= high holds for the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra.cost.hours import Piece, pieces
from infra.cost.market import HourPrices, Market, Packer
from infra.cost.node_costs import NodeCosts, node_costs
from infra.cost.scenarios import Scenario, replicas
from infra.cost.types import Demand, Packing


@dataclass(frozen=True, slots=True)
class Month:
    """One scenario. `replicas` of each piece in the order of the workloads."""

    scenario: Scenario
    pieces: tuple[Piece, ...]
    replicas: tuple[tuple[int, ...], ...]
    packings: tuple[Packing, ...]
    costs: NodeCosts


Months = Mapping[Scenario, Month]


def months(demand: Demand, market: Market, packer: Packer) -> Months:
    """All three."""
    week = tuple(pieces(demand.workloads))
    counts = {
        scenario: tuple(
            replicas(scenario, demand.workloads, piece, market.settings, market.throughput) for piece in week
        )
        for scenario in Scenario
    }
    usual = [packer.pack(each) for each in counts[Scenario.TYPICAL]]
    found = {}
    for scenario in Scenario:
        price = HourPrices(market, scenario)
        own = [packer.pack(each) for each in counts[scenario]]
        packings = tuple(_bound(scenario, price, *pair) for pair in zip(own, usual, strict=True))
        hours = [piece.hours_per_month for piece in week]
        costs = node_costs(list(zip(hours, packings, strict=True)), price)
        found[scenario] = Month(scenario, week, counts[scenario], packings, costs)
    return found


def _bound(scenario: Scenario, price: HourPrices, own: Packing, usual: Packing) -> Packing:
    """The packing of the scenario's own replicas, unless that of the usual ones lies beyond it."""
    if own is usual or scenario is Scenario.TYPICAL:
        return own
    difference = price.of(own) - price.of(usual)
    is_beyond = difference > 0 if scenario is Scenario.LOW else difference < 0
    return usual if is_beyond else own
