"""Cron expressions as hours of the week: when a schedule starts and ends, and how often a job runs.

Knows minute, hour and day of the week in the five-field form; a day of the month or a month makes an expression one
that no week can tell, which is said by None. Days and hours are those of the schedule's own time zone.
"""

from __future__ import annotations

from collections.abc import Sequence

from infra.cost.money import HOURS_PER_WEEK
from infra.cost.types import Window

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0"}


def hours_of_week(expression: str) -> list[int] | None:
    """The hours since Monday 00:00 in which it fires; None where a week does not tell, or it can't be read."""
    fields = _NICKNAMES.get(expression.strip(), expression).split()
    if len(fields) != 5 or fields[2] not in ("*", "?") or fields[3] != "*":
        return None
    hours, days = _values(fields[1], 0, 23, ()), _values(fields[4].lower(), 0, 7, _DAYS)
    if hours is None or days is None or _values(fields[0], 0, 59, ()) is None:
        return None
    return sorted({(day + 6) % 7 * 24 + hour for day in days for hour in hours})


def times_per_week(expression: str) -> int | None:
    """How often it fires."""
    hours = hours_of_week(expression)
    if hours is None:
        return None
    minutes = _values(_NICKNAMES.get(expression.strip(), expression).split()[0], 0, 59, ())
    return len(hours) * len(minutes or ())


def windows(start: str, end: str, min_replicas: int, max_replicas: int) -> list[Window] | None:
    """From each start to the next end. None where either can't be told."""
    starts, ends = hours_of_week(start), hours_of_week(end)
    if not starts or not ends:
        return None
    return [Window(hour, _next(ends, hour), min_replicas, max_replicas) for hour in starts]


def _next(hours: Sequence[int], after: int) -> int:
    """The first of the hours after one; the week begins anew behind its end."""
    return next((hour for hour in hours if hour > after), hours[0] if hours[0] != 0 else HOURS_PER_WEEK)


def _values(text: str, least: int, most: int, names: Sequence[str]) -> set[int] | None:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and (not step.isdigit() or int(step) == 0):
            return None
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            low, high = least, most
        else:
            numbers = [_number(first, names), _number(last if dash else first, names)]
            if None in numbers:
                return None
            low, high = (number for number in numbers if number is not None)
            if slash and not dash:
                high = most
        if not least <= low <= high <= most:
            return None
        found.update(range(low, high + 1, int(step) if slash else 1))
    return found


def _number(text: str, names: Sequence[str]) -> int | None:
    if text in names:
        return names.index(text)
    return int(text) if text.isdigit() else None
