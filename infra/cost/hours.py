"""A week in pieces within which nothing changes: windows of schedules, and hours that people work.

    Mon 00:00 ─┬── night ──┬── day ──┬── night ── ... ──┬── weekend ──┐ 168
               each piece: hours, and for each workload the bounds of its replicas

The hours of a week stand for the hours of a month: a month has 730.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from infra.cost.money import HOURS_PER_MONTH, HOURS_PER_WEEK
from infra.cost.types import Window, Workload

DAY_START_HOUR, DAY_END_HOUR = 8, 20
WORKDAYS = 5


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between how many replicas an autoscaler moves."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Piece:
    """All hours of the week that look alike. `bounds` are in the order of the workloads."""

    hours: tuple[int, ...]
    is_working_time: bool
    bounds: tuple[Bounds, ...]

    @property
    def share(self) -> Fraction:
        """Of the week."""
        return Fraction(len(self.hours), HOURS_PER_WEEK)

    @property
    def hours_per_month(self) -> Fraction:
        """What a month has of such hours."""
        return self.share * HOURS_PER_MONTH


def pieces(workloads: Sequence[Workload]) -> list[Piece]:
    """The week in as few pieces as the schedules allow; together they have 168 hours."""
    scheduled = [index for index, workload in enumerate(workloads) if workload.schedule]
    alike: dict[tuple[bool, tuple[Bounds, ...]], list[int]] = {}
    for hour in range(HOURS_PER_WEEK):
        moving = tuple(bounds_at(workloads[index], hour) for index in scheduled)
        alike.setdefault((is_working_time(hour), moving), []).append(hour)
    plain = [Bounds(workload.min_replicas, workload.max_replicas) for workload in workloads]
    found = []
    for (is_working, moving), hours in alike.items():
        bounds = list(plain)
        for index, own in zip(scheduled, moving, strict=True):
            bounds[index] = own
        found.append(Piece(tuple(hours), is_working, tuple(bounds)))
    return found


def bounds_at(workload: Workload, hour: int) -> Bounds:
    """The bounds in one hour of the week. Where windows overlap the larger number wins, as KEDA takes the maximum."""
    active = [window for window in workload.schedule if _is_in(window, hour)]
    if not active:
        return Bounds(workload.min_replicas, workload.max_replicas)
    least = max(window.min_replicas for window in active)
    return Bounds(least, max(least, *(window.max_replicas for window in active)))


def is_working_time(hour: int) -> bool:
    """Monday to Friday, 8 to 20: 60 of 168 hours."""
    day, of_day = divmod(hour, 24)
    return day < WORKDAYS and DAY_START_HOUR <= of_day < DAY_END_HOUR


def _is_in(window: Window, hour: int) -> bool:
    if window.start_hour <= window.end_hour:
        return window.start_hour <= hour < window.end_hour
    return hour >= window.start_hour or hour < window.end_hour
