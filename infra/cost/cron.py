"""Cron expressions as times of the week: when a schedule starts and ends, and how often a job runs.

Knows the five-field form. A day of the month or a month makes an expression one that no week can tell: then only how
often it fires is known. Times are minutes since Monday 00:00 in the schedule's own time zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from infra.cost.money import HOURS_PER_MONTH, HOURS_PER_WEEK
from infra.cost.types import Window

MINUTES_PER_WEEK = HOURS_PER_WEEK * 60
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
              "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *"}  # fmt: skip


def times_of_week(expression: str) -> list[int] | None:
    """When it fires, in order; None where a week does not tell, or it can't be read."""
    fields = _NICKNAMES.get(expression.strip(), expression).split()
    if len(fields) != 5 or fields[2] not in ("*", "?") or fields[3] != "*":
        return None
    minutes, hours = _values(fields[0], 0, 59, ()), _values(fields[1], 0, 23, ())
    days = _values(fields[4].lower(), 0, 7, _DAYS)
    if minutes is None or hours is None or days is None:
        return None
    on = {(day + 6) % 7 for day in days}  # cron's week begins on Sunday, which is 0 and 7
    return sorted((day * 24 + hour) * 60 + minute for day in on for hour in hours for minute in minutes)


def times_per_month(expression: str) -> Fraction | None:
    """How often it fires in a month of 730 hours, on average over a year; None where it can't be read."""
    times = times_of_week(expression)
    if times is not None:
        return Fraction(len(times) * HOURS_PER_MONTH, HOURS_PER_WEEK)
    fields = _NICKNAMES.get(expression.strip(), expression).split()
    if len(fields) != 5:
        return None
    ranges = ((0, 59, ()), (0, 23, ()), (1, 31, ()), (1, 12, _MONTHS), (0, 7, _DAYS))
    minutes, hours, dates, months, days = (_values(f.lower(), *r) for f, r in zip(fields, ranges, strict=True))
    if minutes is None or hours is None or dates is None or months is None or days is None:
        return None
    by_date = Fraction(len(dates), 31) if fields[2] not in ("*", "?") else None
    by_day = Fraction(len({day % 7 for day in days}), 7) if fields[4] not in ("*", "?") else None
    given = [share for share in (by_date, by_day) if share is not None]
    on = min(sum(given, start=Fraction(0)), Fraction(1)) if given else Fraction(1)  # cron fires where either matches
    return on * Fraction(len(months), 12) * len(hours) * len(minutes) * Fraction(HOURS_PER_MONTH, 24)


def windows(
    starts: Sequence[int], ends: Sequence[int], min_replicas: int, max_replicas: int, shift_minutes: int = 0
) -> list[Window]:
    """From each start to the next end, in whole hours, one that is begun counts; none where nothing starts or ends.

    `shift_minutes` takes times of the schedule's zone to those of the week that is priced.
    """
    if not ends:
        return []
    return [window(start, _next(ends, start), min_replicas, max_replicas, shift_minutes) for start in starts]


def window(start: int, end: int, min_replicas: int, max_replicas: int, shift_minutes: int = 0) -> Window:
    """Minutes of the week -> the hours that they touch. An end that is not after its start is in the next week."""
    length = (end - start) % MINUTES_PER_WEEK or MINUTES_PER_WEEK
    first = (start + shift_minutes) % MINUTES_PER_WEEK
    start_hour, end_hour = first // 60, -(-(first + length) // 60)
    if end_hour - start_hour >= HOURS_PER_WEEK:
        return Window(0, HOURS_PER_WEEK, min_replicas, max_replicas)
    return Window(start_hour, end_hour if end_hour <= HOURS_PER_WEEK else end_hour - HOURS_PER_WEEK,
                  min_replicas, max_replicas)  # fmt: skip


def _next(times: Sequence[int], after: int) -> int:
    """The first of the times after one; the week begins anew behind its end."""
    return next((time for time in times if time > after), times[0])


def _values(text: str, least: int, most: int, names: Sequence[str]) -> set[int] | None:
    """`1-5`, `*/15`, `mon,wed`; None where it is no such field."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        if slash and (not step.isdigit() or int(step) == 0):
            return None
        low, high = _span(span, least, most, names, is_open=bool(slash))
        if low is None or high is None or not least <= low <= high <= most:
            return None
        found.update(range(low, high + 1, int(step) if slash else 1))
    return found


def _span(text: str, least: int, most: int, names: Sequence[str], *, is_open: bool) -> tuple[int | None, int | None]:
    """`is_open`: a single number before a step means from there on."""
    if text in ("*", "?"):
        return least, most
    first, dash, last = text.partition("-")
    low = _number(first, names)
    return low, _number(last, names) if dash else most if is_open else low


def _number(text: str, names: Sequence[str]) -> int | None:
    if text and text in names:
        return names.index(text)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
