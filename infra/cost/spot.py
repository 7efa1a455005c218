"""What spot means for each workload: its share, the price between zones, and the minutes that reclaims cost.

Reclaims cost little money and some minutes: a node is taken with `reclaims_per_month`, and a new replica serves after
the node's start and the model's load. Source of the rate: the providers' bands (5 to 20 % a month), as -ln(1 - p).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from infra.cost.estimate import Market, Month
from infra.cost.report import SpotRisk
from infra.cost.types import Capacity, Demand, Workload

NODE_START_S = 180  # until a replacing node takes pods
BLOCK = 60


def risks(demand: Demand, typical: Month, market: Market) -> tuple[SpotRisk, ...]:
    """Of every workload that has pods on spot nodes in the typical month."""
    return tuple(_risks(demand, typical, market))


def shares_on_spot(typical: Month) -> dict[Workload, Fraction]:
    """Of each workload's replica hours in the typical month."""
    hours: dict[Workload, list[Fraction]] = {}
    for piece, packing in zip(typical.pieces, typical.packings, strict=True):
        for node in packing.nodes:
            for workload, count in node.pods:
                on_demand_and_spot = hours.setdefault(workload, [Fraction(0), Fraction(0)])
                on_demand_and_spot[node.pool.capacity is Capacity.SPOT] += count * piece.hours_per_month
    return {workload: spot / (on_demand + spot) for workload, (on_demand, spot) in hours.items() if on_demand + spot}


def _risks(demand: Demand, typical: Month, market: Market) -> Iterator[SpotRisk]:
    parts = shares_on_spot(typical)
    for index, workload in enumerate(demand.workloads):
        part = parts.get(workload)
        if not part:
            continue
        prices = [
            price
            for packing in typical.packings
            for node in packing.nodes
            if node.pool.capacity is Capacity.SPOT and any(other is workload for other, _ in node.pods)
            if (price := market.prices.machine(node.type, Capacity.SPOT)) is not None
        ]
        replicas = max(counts[index] for counts in typical.replicas) * part
        minutes = market.settings.reclaims_per_month * replicas * (NODE_START_S + workload.load_s) / BLOCK
        yield SpotRisk(
            workload=workload.id,
            share_percent=round(part * 100),
            fallback_percent=round(market.settings.spot_fallback * 100),
            price_low=min((price.low for price in prices), default=Fraction(0)),
            price_high=max((price.high for price in prices), default=Fraction(0)),
            reclaim_minutes=minutes,
            note=prices[0].note if prices else "no spot price is known: counted at the on-demand price",
        )
