"""Three months that may come: how many replicas run in each piece of the week, and what spot is paid with.

low      every autoscaler stays at its least; spot at its cheapest zone, never taken away
typical  replicas follow the traffic where it is known, else stand partly between least and most (an assumption);
         spot at its usual price, on demand in the share of time in which there is none
high     every autoscaler stands at its most all month; what should be spot is paid on demand
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from infra.cost.book import Prices
from infra.cost.hours import Bounds, Piece
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, NodeType, Pool, Workload


class Scenario(StrEnum):
    """Which of the three."""

    LOW = "low"
    TYPICAL = "typical"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Throughput:
    """What one replica of a model yields, all its slots busy. `source` says who measured it and when."""

    tokens_s: Fraction
    source: str
    is_measured: bool


def replicas(
    scenario: Scenario,
    workloads: Sequence[Workload],
    piece: Piece,
    settings: CostSettings,
    throughput: Mapping[str, Throughput],
) -> tuple[int, ...]:
    """How many run, in the order of the workloads."""
    return tuple(
        _count(scenario, workload, bounds, settings, throughput, is_working_time=piece.is_working_time)
        for workload, bounds in zip(workloads, piece.bounds, strict=True)
    )


def at_load(bounds: Bounds, load: Fraction) -> int:
    """Replicas at a load between 0 (least) and 1 (most): the next whole number, as an autoscaler rounds up."""
    extra = (bounds.most - bounds.least) * load
    return bounds.least - (-extra.numerator // extra.denominator)


def hour_price(
    scenario: Scenario, pool: Pool, node: NodeType, prices: Prices, settings: CostSettings
) -> Fraction | None:
    """Dollars an hour of a node; None where its price is not known."""
    on_demand, spot = prices.machine(node, Capacity.ON_DEMAND), prices.machine(node, Capacity.SPOT)
    if pool.capacity is Capacity.ON_DEMAND or spot is None:
        return None if on_demand is None else on_demand.typical
    if scenario is Scenario.LOW:
        return spot.low
    if on_demand is None:
        return spot.high if scenario is Scenario.HIGH else spot.typical
    if scenario is Scenario.HIGH:
        return on_demand.typical
    return (1 - settings.spot_fallback) * spot.typical + settings.spot_fallback * on_demand.typical


def _count(
    scenario: Scenario,
    workload: Workload,
    bounds: Bounds,
    settings: CostSettings,
    throughput: Mapping[str, Throughput],
    *,
    is_working_time: bool,
) -> int:
    if scenario is Scenario.LOW:
        return bounds.least
    if scenario is Scenario.HIGH:
        return max(bounds.most, workload.max_replicas, *(window.max_replicas for window in workload.schedule), 0)
    traffic = settings.traffic.get(workload.model or "")
    known = throughput.get(workload.model or "")
    if traffic is None or known is None:
        return at_load(bounds, settings.working_time_load if is_working_time else settings.other_time_load)
    share = traffic.utilisation if is_working_time else settings.other_time_load
    needed = traffic.peak_tokens_s * share / known.tokens_s
    return min(max(-(-needed.numerator // needed.denominator), bounds.least), bounds.most)
