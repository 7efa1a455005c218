"""Weeks of load that tests share: busy on working days, with a wave at nine in Berlin."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from infra.forecast.history import Sample

BERLIN = "Europe/Berlin"
STEP_S = 300


def load(local: datetime.datetime) -> float:
    """Requests at a local time."""
    if local.weekday() >= 5 or not 8 <= local.hour < 18:
        return 1.0
    return 12.0 if local.hour == 9 else 6.0


def some_weeks(number: int, begin: str = "2027-01-04") -> list[Sample]:
    """Every five minutes from a Monday on, whatever clocks do in between."""
    start = datetime.datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo(BERLIN)).timestamp()
    times = [start + step * STEP_S for step in range(number * 7 * 86_400 // STEP_S)]
    return [Sample(at, load(datetime.datetime.fromtimestamp(at, ZoneInfo(BERLIN)))) for at in times]
