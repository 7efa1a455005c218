"""How sure a typical month is: P50 and P90 of many months that might come, and which input moves the total most.

A month is drawn by four inputs: how far autoscalers stand between least and most, in working time and outside; what
spot costs; how often there is none. Drawing is seeded: the same stack gives the same figures. Between a few loads that
are really packed, cost is interpolated, so that two thousand months take no two thousand packings.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from infra.cost.estimate import Market, Packer
from infra.cost.hours import Piece, pieces
from infra.cost.report import Driver
from infra.cost.scenarios import at_load
from infra.cost.types import Capacity, Demand, NodeType, Packing, Pool

NUM_MONTHS = 2000
SEED = 20_26
LOADS = (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1))


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a month is drawn by; `spot_ratio` is where between its least (0) and most (1) price spot stands."""

    working_time_load: float
    other_time_load: float
    spot_position: float
    spot_fallback: float


@dataclass(frozen=True, slots=True)
class _Curve:
    """Dollars a month of one piece of the week at each of LOADS: on demand, and spot at its least and most price and
    were it bought on demand.
    """

    is_working_time: bool
    on_demand: tuple[float, ...]
    spot_least: tuple[float, ...]
    spot_most: tuple[float, ...]
    spot_as_on_demand: tuple[float, ...]

    def cost(self, inputs: Inputs) -> float:
        load = inputs.working_time_load if self.is_working_time else inputs.other_time_load
        least, most = _between(self.spot_least, load), _between(self.spot_most, load)
        spot = least + (most - least) * inputs.spot_position
        fallback = inputs.spot_fallback * _between(self.spot_as_on_demand, load)
        return _between(self.on_demand, load) + (1 - inputs.spot_fallback) * spot + fallback


@dataclass(frozen=True, slots=True)
class Model:
    """The cost of a month as a function of its inputs."""

    curves: tuple[_Curve, ...]
    fixed: float  # storage, load balancers and the like
    typical: Inputs

    def cost(self, inputs: Inputs) -> float:
        """Dollars."""
        return self.fixed + sum(curve.cost(inputs) for curve in self.curves)


def model(demand: Demand, market: Market, packer: Packer, fixed_cents: int) -> Model:
    """Pack the stack at each of LOADS and remember what that costs."""
    settings = market.settings
    typical = Inputs(
        float(settings.working_time_load), float(settings.other_time_load), 0.5, float(settings.spot_fallback)
    )
    curves = tuple(_curve(piece, market, packer) for piece in pieces(demand.workloads))
    return Model(curves, fixed_cents / 100, typical)


def percentiles(of: Model) -> tuple[int, int]:
    """P50 and P90 in cents."""
    draw = random.Random(SEED)  # noqa: S311  nothing is kept secret with it
    months = sorted(of.cost(_draw(of.typical, draw)) for _ in range(NUM_MONTHS))
    return round(months[NUM_MONTHS // 2] * 100), round(months[NUM_MONTHS * 9 // 10] * 100)


def drivers(of: Model) -> list[Driver]:
    """Each input alone from its least to its most, all others typical; the widest first."""
    spans = {
        "replicas in working time": (
            replace(of.typical, working_time_load=0.0),
            replace(of.typical, working_time_load=1.0),
        ),
        "replicas at night and on weekends": (
            replace(of.typical, other_time_load=0.0),
            replace(of.typical, other_time_load=1.0),
        ),
        "spot price": (replace(of.typical, spot_position=0.0), replace(of.typical, spot_position=1.0)),
        "time without spot": (replace(of.typical, spot_fallback=0.0), replace(of.typical, spot_fallback=1.0)),
    }
    found = [Driver(name, round(of.cost(low) * 100), round(of.cost(high) * 100)) for name, (low, high) in spans.items()]
    moving = [driver for driver in found if driver.low_cents != driver.high_cents]
    return sorted(moving, key=lambda driver: driver.low_cents - driver.high_cents)


def _draw(typical: Inputs, draw: random.Random) -> Inputs:
    """Triangular between the extremes, with the typical value as its peak: nothing more is known of the shape."""
    return Inputs(
        draw.triangular(0, 1, typical.working_time_load),
        draw.triangular(0, 1, typical.other_time_load),
        draw.triangular(0, 1, typical.spot_position),
        draw.triangular(0, 1, typical.spot_fallback),
    )


def _curve(piece: Piece, market: Market, packer: Packer) -> _Curve:
    amounts = [_amounts(packer.pack(tuple(at_load(b, load) for b in piece.bounds)), market) for load in LOADS]
    hours = float(piece.hours_per_month)
    columns = [tuple(amount * hours for amount in column) for column in zip(*amounts, strict=True)]
    return _Curve(piece.is_working_time, *columns)


def _amounts(packing: Packing, market: Market) -> tuple[float, float, float, float]:
    """Dollars an hour: on demand, spot least, spot most, spot bought on demand. No price counts nothing here."""
    sums = [Fraction(0)] * 4
    for node in packing.nodes:
        for index, amount in enumerate(_prices(node.pool, node.type, market)):
            sums[index] += amount
    on_demand, least, most, as_on_demand = map(float, sums)
    return on_demand, least, most, as_on_demand


def _prices(pool: Pool, node: NodeType, market: Market) -> Sequence[Fraction]:
    zero = Fraction(0)
    listed, spot = market.prices.machine(node, Capacity.ON_DEMAND), market.prices.machine(node, Capacity.SPOT)
    if pool.capacity is Capacity.ON_DEMAND or spot is None:
        return (listed.typical if listed else zero, zero, zero, zero)
    return (zero, spot.low, spot.high, listed.typical if listed else spot.high)


def _between(values: Sequence[float], load: float) -> float:
    """The value at a load, between the two that are known."""
    index = min(bisect_right(LOADS, load), len(LOADS) - 1)
    low, high = float(LOADS[index - 1]), float(LOADS[index])
    part = (load - low) / (high - low)
    return values[index - 1] + (values[index] - values[index - 1]) * part
