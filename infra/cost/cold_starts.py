"""Replicas that are paid and do not serve yet: how often one starts because more is asked for, and how long it loads.

    events a month = (increases of the typical replicas over the week / 7 + scale_ups_per_day) x 730 / 24

The second term is an assumption, and only for what an autoscaler moves. An hour of loading costs the pod's share of the
cheapest node that it fits on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from infra.cost.hours import Piece
from infra.cost.market import Market
from infra.cost.money import HOURS_PER_MONTH, HOURS_PER_WEEK
from infra.cost.months import Month
from infra.cost.scenarios import most
from infra.cost.settings import CostSettings
from infra.cost.types import Demand, Workload

HOURS_PER_DAY = 24
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Starts:
    """Of one workload in a typical month."""

    workload: Workload
    events: Fraction

    @property
    def hours(self) -> Fraction:
        """Paid, and not serving."""
        return self.events * self.workload.load_s / HOUR_S


def starts(demand: Demand, typical: Month, market: Market) -> list[Starts]:
    """Of each workload, in their order; none where the number of replicas never changes."""
    turns = _turns(typical.pieces)
    return [
        Starts(workload, _events(workload, index, typical, turns, market.settings))
        for index, workload in enumerate(demand.workloads)
    ]


def _events(
    workload: Workload, index: int, typical: Month, turns: Mapping[tuple[int, int], int], settings: CostSettings
) -> Fraction:
    counts = [each[index] for each in typical.replicas]
    increases = sum(max(counts[after] - counts[before], 0) * times for (before, after), times in turns.items())
    is_moved = any(most(workload, piece.bounds[index]) > piece.bounds[index].least for piece in typical.pieces)
    per_day = settings.scale_ups_per_day if is_moved else Fraction(0)
    return Fraction(increases * HOURS_PER_MONTH, HOURS_PER_WEEK) + per_day * Fraction(HOURS_PER_MONTH, HOURS_PER_DAY)


def _turns(pieces: Sequence[Piece]) -> Mapping[tuple[int, int], int]:
    """How often in a week one piece follows another; Monday follows Sunday."""
    where = [0] * HOURS_PER_WEEK
    for index, piece in enumerate(pieces):
        for hour in piece.hours:
            where[hour] = index
    return Counter(pair for pair in zip([where[-1], *where[:-1]], where, strict=True) if pair[0] != pair[1])
