"""How sure a typical month is: P50 and P90 of many months that might come, and which input moves the total most.

A month is drawn by four inputs: how far autoscalers stand between least and most, in working time and outside; what
spot costs; how often there is none. Drawing is seeded: the same stack gives the same figures. Between a few loads that
are really packed, cost is interpolated, so that two thousand months take no two thousand packings. At the typical
inputs the cost is that of the typical month, to the cent.

What is said of a month lies between its low and its high.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from infra.cost.hours import Bounds, Piece
from infra.cost.market import Market, Packer
from infra.cost.money import Range
from infra.cost.months import Month
from infra.cost.report import Driver
from infra.cost.scenarios import load_of, nearest, spot_share
from infra.cost.types import Capacity, NodeType, Packing, Pool

NUM_MONTHS = 2000
SEED = 20_26
USUAL = 0.5
"""Where between its least (0) and its most (1) price spot usually stands."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a month is drawn by."""

    working_time_load: float
    other_time_load: float
    spot_position: float
    spot_fallback: float

    @property
    def weights(self) -> _Amounts:
        """By what the amounts of a point are multiplied; spot stands between its least, its usual and its most."""
        spot, position = 1 - self.spot_fallback, self.spot_position
        if position <= USUAL:
            part = position / USUAL
            return (1.0, spot * (1 - part), spot * part, 0.0, self.spot_fallback)
        part = (position - USUAL) / (1 - USUAL)
        return (1.0, 0.0, spot * (1 - part), spot * part, self.spot_fallback)


_Amounts = tuple[float, float, float, float, float]
"""Dollars a month: on demand; spot at its least, its usual and its most price; the same nodes on demand."""


@dataclass(frozen=True, slots=True)
class _Curve:
    """One piece of the week at each load that was packed, in their order."""

    is_working_time: bool
    loads: tuple[float, ...]
    points: tuple[_Amounts, ...]

    def cost(self, inputs: Inputs, weights: _Amounts) -> float:
        load = inputs.working_time_load if self.is_working_time else inputs.other_time_load
        index = min(max(bisect_right(self.loads, load), 1), len(self.loads) - 1)
        low, high = self.loads[index - 1], self.loads[index]
        part = (load - low) / (high - low)
        return (1 - part) * _dot(self.points[index - 1], weights) + part * _dot(self.points[index], weights)


@dataclass(frozen=True, slots=True)
class Model:
    """The cost of a month as a function of its inputs, between two bounds."""

    curves: tuple[_Curve, ...]
    fixed: float  # all but nodes
    typical: Inputs
    bounds: Range

    def cents(self, inputs: Inputs) -> int:
        """The total."""
        weights = inputs.weights
        cents = round((self.fixed + sum([curve.cost(inputs, weights) for curve in self.curves])) * 100)
        return min(max(cents, self.bounds.low_cents), self.bounds.high_cents)


def _dot(amounts: _Amounts, weights: _Amounts) -> float:
    return (
        amounts[0] * weights[0]
        + amounts[1] * weights[1]
        + amounts[2] * weights[2]
        + amounts[3] * weights[3]
        + amounts[4] * weights[4]
    )


def model(typical: Month, market: Market, packer: Packer, bounds: Range, fixed_cents: int) -> Model:
    """Pack the stack at a few loads and remember what that costs."""
    settings = market.settings
    inputs = Inputs(
        float(settings.working_time_load), float(settings.other_time_load), USUAL, float(settings.spot_fallback)
    )
    curves = tuple(
        _curve(piece, counts, market, packer) for piece, counts in zip(typical.pieces, typical.replicas, strict=True)
    )
    return Model(curves, fixed_cents / 100, inputs, bounds)


def percentiles(of: Model) -> tuple[int, int]:
    """P50 and P90 in cents."""
    months = sorted(of.cents(inputs) for inputs in _draws(of.typical))
    return months[NUM_MONTHS // 2], months[NUM_MONTHS * 9 // 10]


def drivers(of: Model) -> list[Driver]:
    """Each input alone from its least to its most, all others typical; the widest first."""
    spans = {
        "replicas in working time": ("working_time_load", 0.0, 1.0),
        "replicas at night and on weekends": ("other_time_load", 0.0, 1.0),
        "spot price": ("spot_position", 0.0, 1.0),
        "time without spot": ("spot_fallback", 0.0, 1.0),
    }
    found = []
    for name, (field, low, high) in spans.items():
        cents = sorted(of.cents(replace(of.typical, **{field: value})) for value in (low, high))
        found.append(Driver(name, *cents))
    moving = [driver for driver in found if driver.low_cents != driver.high_cents]
    return sorted(moving, key=lambda driver: driver.low_cents - driver.high_cents)


def loads(typical: Fraction) -> list[Fraction]:
    """What is packed: least, typical, half of the way from there, most."""
    return sorted({Fraction(0), typical, (typical + 1) / 2, Fraction(1)})


def replicas_at(bounds: Bounds, typical: int, load: Fraction, typical_load: Fraction) -> int:
    """Least at load 0, the typical number at the typical load, most at 1; the nearest whole number in between."""
    if load == typical_load:
        return typical
    if load < typical_load:
        low, high, part = bounds.least, typical, load / typical_load
    else:
        low, high, part = typical, bounds.most, (load - typical_load) / (1 - typical_load)
    return low + nearest((high - low) * part)


@lru_cache(maxsize=8)
def _draws(typical: Inputs) -> tuple[Inputs, ...]:
    """Kept: both states of a stack are judged by the same months."""
    draw = random.Random(SEED)  # noqa: S311  nothing is kept secret with it
    return tuple(_draw(typical, draw) for _ in range(NUM_MONTHS))


def _draw(typical: Inputs, draw: random.Random) -> Inputs:
    """Each by PERT's distribution, the usual one where only the extremes and the typical value are known."""
    return Inputs(
        _pert(typical.working_time_load, draw),
        _pert(typical.other_time_load, draw),
        _pert(typical.spot_position, draw),
        _pert(typical.spot_fallback, draw),
    )


def _pert(typical: float, draw: random.Random) -> float:
    """Between 0 and 1, with its peak at the typical value: a beta distribution in which that weighs four times."""
    return draw.betavariate(1 + 4 * typical, 1 + 4 * (1 - typical))


def _curve(piece: Piece, typical: Sequence[int], market: Market, packer: Packer) -> _Curve:
    usual, hours = load_of(piece, market.settings), float(piece.hours_per_month)
    at, points = loads(usual), []
    for load in at:
        pairs = zip(piece.bounds, typical, strict=True)
        counts = tuple(replicas_at(bounds, count, load, usual) for bounds, count in pairs)
        on_demand, least, middle, most, fallback = _amounts(packer.pack(counts), market)
        points.append((on_demand * hours, least * hours, middle * hours, most * hours, fallback * hours))
    return _Curve(piece.is_working_time, tuple(map(float, at)), tuple(points))


def _amounts(packing: Packing, market: Market) -> list[float]:
    """Dollars an hour. No price counts nothing here."""
    kinds = {(node.pool.name, node.type.name): node for node in packing.nodes}
    counts = Counter((node.pool.name, node.type.name) for node in packing.nodes)
    sums = [Fraction(0)] * 5
    for key, node in kinds.items():
        for index, amount in enumerate(_prices(node.pool, node.type, market)):
            sums[index] += amount * counts[key]
    return [float(each) for each in sums]


def _prices(pool: Pool, node: NodeType, market: Market) -> Sequence[Fraction]:
    zero = Fraction(0)
    listed, spot = market.prices.machine(node, Capacity.ON_DEMAND), market.prices.machine(node, Capacity.SPOT)
    share = spot_share(pool, market.settings)
    if spot is None or not share:
        return (listed.typical if listed else zero, zero, zero, zero, zero)
    if listed is None:
        return (zero, spot.low, spot.typical, spot.high, spot.typical)
    spots = (share * spot.low, share * spot.typical, share * spot.high)
    return ((1 - share) * listed.typical, *spots, share * listed.typical)
