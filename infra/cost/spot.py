"""What spot means for each workload: its share, the price between zones, and the minutes that reclaims cost.

    minutes = reclaims_per_month x replicas on spot x (node start + model load)

Reclaims cost little money and some minutes: a node is taken with `reclaims_per_month`, and a new replica serves after
the node's start and the model's load. Source of the rate: the providers' bands (5 to 20 % a month), as -ln(1 - p).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from infra.cost.book import Price
from infra.cost.market import Market
from infra.cost.months import Month
from infra.cost.node_costs import alike
from infra.cost.report import SpotRisk
from infra.cost.scenarios import spot_share
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Demand, NodeType, Workload

NODE_START_S = 180  # until a replacing node takes pods
BLOCK = 60


def risks(demand: Demand, typical: Month, market: Market) -> tuple[SpotRisk, ...]:
    """Of every workload that has pods on spot nodes in the typical month."""
    return tuple(_risks(demand, typical, market))


def shares_on_spot(typical: Month, settings: CostSettings) -> dict[Workload, Fraction]:
    """Of each workload's replica hours in the typical month."""
    whole: dict[Workload, int] = {}
    spot: dict[Workload, Fraction] = {}
    for piece, packing in zip(typical.pieces, typical.packings, strict=True):
        for node, num_nodes in alike(packing.nodes):
            share = spot_share(node.pool, settings)
            for workload, count in node.pods:
                hours = count * num_nodes * len(piece.hours)
                whole[workload] = whole.get(workload, 0) + hours
                if share:
                    spot[workload] = spot.get(workload, Fraction(0)) + hours * share
    return {workload: spot.get(workload, Fraction(0)) / hours for workload, hours in whole.items()}


def reclaim_minutes(replicas_on_spot: Fraction, load_s: int, reclaims_per_month: Fraction) -> Fraction:
    """Expected in a month, without service of one replica."""
    return reclaims_per_month * replicas_on_spot * (NODE_START_S + load_s) / BLOCK


def _risks(demand: Demand, typical: Month, market: Market) -> Iterator[SpotRisk]:
    parts = shares_on_spot(typical, market.settings)
    machines = _spot_machines(typical, market.settings)
    for index, workload in enumerate(demand.workloads):
        part = parts.get(workload)
        if not part:
            continue
        prices = [
            price
            for node in machines.get(workload, {}).values()
            if (price := market.prices.machine(node, Capacity.SPOT)) is not None
        ]
        replicas = max(counts[index] for counts in typical.replicas) * part
        yield SpotRisk(
            workload=workload.id,
            share_percent=round(part * 100),
            fallback_percent=round(market.settings.spot_fallback * 100),
            price_low=min((price.low for price in prices), default=Fraction(0)),
            price_high=max((price.high for price in prices), default=Fraction(0)),
            reclaim_minutes=reclaim_minutes(replicas, workload.load_s, market.settings.reclaims_per_month),
            note=_note(prices),
        )


def _note(prices: list[Price]) -> str:
    return prices[0].note if prices else "no spot price is known: counted at the on-demand price"


def _spot_machines(typical: Month, settings: CostSettings) -> dict[Workload, dict[str, NodeType]]:
    """On which types of machines each workload's spot pods are."""
    found: dict[Workload, dict[str, NodeType]] = {}
    for packing in typical.packings:
        for node, _ in alike(packing.nodes):
            if spot_share(node.pool, settings):
                for workload, _ in node.pods:
                    found.setdefault(workload, {})[node.type.name] = node.type
    return found
