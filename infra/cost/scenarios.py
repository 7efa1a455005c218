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

from infra.cost.book import Price, Prices
from infra.cost.hours import Bounds, Piece
from infra.cost.settings import CostSettings, Traffic
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
    if scenario is Scenario.LOW:
        return tuple(bounds.least for bounds in piece.bounds)
    if scenario is Scenario.HIGH:
        return tuple(most(each, bounds) for each, bounds in zip(workloads, piece.bounds, strict=True))
    load = load_of(piece, settings)
    return tuple(
        _typical(workload, bounds, load, settings, throughput, is_working_time=piece.is_working_time)
        for workload, bounds in zip(workloads, piece.bounds, strict=True)
    )


def load_of(piece: Piece, settings: CostSettings) -> Fraction:
    """How far autoscalers typically stand between least (0) and most (1)."""
    return settings.working_time_load if piece.is_working_time else settings.other_time_load


def most(workload: Workload, bounds: Bounds) -> int:
    """The most replicas at any time, whatever a schedule says."""
    return max(bounds.most, workload.max_replicas, *(window.max_replicas for window in workload.schedule), 0)


def at_load(bounds: Bounds, load: Fraction) -> int:
    """Replicas at a load between 0 (least) and 1 (most), which is a mean over time."""
    return bounds.least + nearest((bounds.most - bounds.least) * load)


def nearest(number: Fraction) -> int:
    """The nearest whole number, the larger one from halfway on: what is always rounded up is no mean."""
    return (2 * number.numerator + number.denominator) // (2 * number.denominator)


def traffic_share(traffic: Traffic, settings: CostSettings, *, is_working_time: bool) -> Fraction:
    """Of the peak: how much is asked for on average."""
    return traffic.utilisation if is_working_time else min(settings.other_time_load, traffic.utilisation)


def hour_price(
    scenario: Scenario, pool: Pool, node: NodeType, prices: Prices, settings: CostSettings
) -> Fraction | None:
    """Dollars an hour of a node; None where its price is not known. Low is never above typical, nor typical high."""
    on_demand, spot = prices.machine(node, Capacity.ON_DEMAND), prices.machine(node, Capacity.SPOT)
    share = spot_share(pool, settings)
    if on_demand is None:
        return (
            None
            if spot is None or not share
            else {"low": spot.low, "typical": spot.typical, "high": spot.high}[scenario]
        )
    if spot is None or not share:
        spot, share = on_demand, Fraction(0)
    typical = typical_price(on_demand, spot, share, settings.spot_fallback)
    if scenario is Scenario.LOW:
        return min(share * spot.low + (1 - share) * on_demand.low, typical)
    if scenario is Scenario.HIGH:
        return max(on_demand.high, spot.high if share else Fraction(0), typical)
    return typical


def typical_price(on_demand: Price, spot: Price, share: Fraction, fallback: Fraction) -> Fraction:
    """A share of the nodes is spot, except for the time in which there is none; all others are on demand."""
    as_spot = (1 - fallback) * spot.typical + fallback * on_demand.typical
    return share * as_spot + (1 - share) * on_demand.typical


def spot_share(pool: Pool, settings: CostSettings) -> Fraction:
    """Which part of a pool's nodes is bought as spot."""
    return settings.spot_share.get(pool.name, Fraction(1 if pool.capacity is Capacity.SPOT else 0))


def _typical(
    workload: Workload,
    bounds: Bounds,
    load: Fraction,
    settings: CostSettings,
    throughput: Mapping[str, Throughput],
    *,
    is_working_time: bool,
) -> int:
    """An autoscaler adds a replica when those that run are busier than its target."""
    traffic, known = settings.traffic.get(workload.model or ""), throughput.get(workload.model or "")
    if traffic is None or known is None or not known.tokens_s:
        return at_load(bounds, load)
    asked = traffic.peak_tokens_s * traffic_share(traffic, settings, is_working_time=is_working_time)
    needed = asked / (known.tokens_s * (traffic.target or 1))
    return min(max(-(-needed.numerator // needed.denominator), bounds.least), bounds.most)
