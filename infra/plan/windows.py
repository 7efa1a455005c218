"""Hours with replicas of their own, as an autoscaler with a clock wants them: when each begins and ends in the week.

What a model's windows and its forecast say is one week of least numbers; each tier has its part of it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra import weeks
from infra.stack import Forecast, ModelConfig
from infra.weeks import WEEK, Week

HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Cron expressions of start and end in the time zone. Within, there are at least so many replicas."""

    start: str
    end: str
    time_zone: str
    least: int


def plan_week(chosen: ModelConfig, target: float, ahead_s: int) -> Week:
    """`target`: requests that one replica shall have, by which a forecast of requests is one of replicas."""
    week = weeks.week_of(chosen.windows, chosen.min_replicas)
    if chosen.forecast is None:
        return week
    expected = forecast_week(chosen.forecast, target, ahead_s, chosen.max_replicas)
    return weeks.highest_of(week, weeks.widened(expected, chosen.forecast.time_zone))


def forecast_week(forecast: Forecast, target: float, ahead_s: int, most: int) -> Week:
    """As many as the busiest of the hours needs that begin within `ahead_s`: they are there when it begins."""
    counts = [min(math.ceil(max(requests, 0) / target), most) for requests in forecast.hours]
    early = -(-ahead_s // 60)
    edges = sorted({0, *((hour * HOUR - shift) % WEEK for hour in range(WEEK // HOUR) for shift in (0, early))})
    return weeks.joined((edge, max(_hours(counts, edge, edge + early))) for edge in edges)


def plan_windows(week: Week, time_zone: str) -> tuple[WindowPlan, ...]:
    """What is above the lowest number of the week."""
    return tuple(WindowPlan(each.start, each.end, time_zone, each.least) for each in weeks.stretches(week))


def time_zone_of(chosen: ModelConfig) -> str:
    """Of its windows and its forecast, which have one; it does not matter where there is neither."""
    if chosen.windows:
        return chosen.windows[0].time_zone
    return chosen.forecast.time_zone if chosen.forecast else "UTC"


def _hours(counts: Sequence[int], first: int, last: int) -> Sequence[int]:
    """Of all hours that a span of minutes touches, its end among them."""
    return [counts[hour % (WEEK // HOUR)] for hour in range(first // HOUR, last // HOUR + 1)]
