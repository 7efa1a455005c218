"""KEDA's cron scaler, and robfig/cron below it, as their sources have them: what is on at an instant.

A trigger is off while its next start comes before its next end, else on. A cron fires at every wall-clock time that
matches: never at one that the clocks jump over, and twice at one that they repeat.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from infra.cost import cron

SEARCHED_DAYS = 16


def replicas(triggers: list[tuple[str, str, int]], time_zone: str, at: datetime.datetime, least: int) -> int:
    """What an autoscaler with these triggers (start, end, desired) asks for at least."""
    zone = ZoneInfo(time_zone)
    wanted = [desired for start, end, desired in triggers if _is_on(start, end, zone, at)]
    return max([least, *wanted])


def _is_on(start: str, end: str, zone: ZoneInfo, at: datetime.datetime) -> bool:
    return not next(_fires(start, zone, at)) < next(_fires(end, zone, at))


def _fires(expression: str, zone: ZoneInfo, after: datetime.datetime) -> Iterator[datetime.datetime]:
    """The instants strictly after one, in order."""
    minutes = cron.times_of_week(expression)
    assert minutes is not None, expression
    first = after.astimezone(zone).date() - datetime.timedelta(days=1)
    for number in range(SEARCHED_DAYS):
        day = first + datetime.timedelta(days=number)
        found = {
            instant
            for minute in minutes
            if minute // 1440 == day.weekday()
            for instant in _instants(day, minute % 1440, zone)
            if instant > after
        }
        yield from sorted(found)


def _instants(day: datetime.date, minute: int, zone: ZoneInfo) -> Iterator[datetime.datetime]:
    """None, one or two at which the wall clock shows the time."""
    wall = datetime.datetime.combine(day, datetime.time(minute // 60, minute % 60))
    for fold in (0, 1):
        instant = wall.replace(tzinfo=zone, fold=fold).astimezone(datetime.UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == wall:
            yield instant
