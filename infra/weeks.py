"""The least number of replicas through a week, and the crons that give it to an autoscaler with a clock. Pure.

A clock of KEDA only raises: between two crons it asks for a number, and the largest of all numbers holds. So the lowest
number of the week is the autoscaler's own, and each stretch above it is a trigger.

A trigger is on when its next end comes before its next start. So it must never start twice without an end between, and
both must exist in every week. A time that the clocks jump over in spring is missing from one week of the year, and the
trigger would be wrong from the one before on: `gaps` knows these. A time that comes twice in autumn counts when it
comes the second time.

Source: keda.sh, cron scaler; robfig/cron, which reads the expressions.
"""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from infra.stack import Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
WEEK = 7 * DAY
RULES_FROM, RULES_TO = 2024, 2040
"""The years in which a zone's clocks are looked at: rules repeat, but for those that follow the moon."""


@dataclass(frozen=True, slots=True)
class Week:
    """Steps in order: from this minute after Monday 00:00 on, at least so many. The last holds until the first."""

    steps: tuple[tuple[int, int], ...]

    @property
    def lowest(self) -> int:
        """Of the whole week."""
        return min(least for _, least in self.steps)

    @property
    def highest(self) -> int:
        """Of the whole week."""
        return max(least for _, least in self.steps)

    def at(self, minute: int) -> int:
        """In a minute of the week."""
        found = [least for start, least in self.steps if start <= minute]
        return found[-1] if found else self.steps[-1][1]

    def part(self, below: int, most: int) -> "Week":
        """Those above the first `below`, and of them at most `most`: what one tier of several has."""
        return joined((start, min(max(least - below, 0), most)) for start, least in self.steps)

    def at_least(self, floor: int) -> "Week":
        """Never fewer."""
        return joined((start, max(least, floor)) for start, least in self.steps)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Times of a week that look alike, each from a cron to the next of the other, with a number of their own."""

    start: str
    end: str
    least: int


def week_of(windows: Sequence[Window], outside: int) -> Week:
    """In windows that overlap the larger number holds; where there is none, `outside`."""
    spans = [span for window in windows for span in _spans(window)]
    edges = sorted({0, *(edge % WEEK for start, length, _ in spans for edge in (start, start + length))})
    return joined((edge, _least(spans, edge, outside)) for edge in edges)


def highest_of(one: Week, other: Week) -> Week:
    """Both are met."""
    edges = sorted({start for week in (one, other) for start, _ in week.steps} | {0})
    return joined((edge, max(one.at(edge), other.at(edge))) for edge in edges)


def stretches(week: Week) -> tuple[Stretch, ...]:
    """All that is above the lowest number; those of one kind on several days are one."""
    kinds: dict[tuple[int, int, int], list[int]] = {}
    for (start, least), (end, _) in zip(week.steps, (*week.steps[1:], week.steps[0]), strict=True):
        if least > week.lowest:
            kinds.setdefault((start % DAY, (end - start) % WEEK, least), []).append(start)
    return tuple(
        Stretch(_cron(starts), _cron([(start + length) % WEEK for start in starts]), least)
        for (_, length, least), starts in sorted(kinds.items())
    )


@lru_cache
def gaps(time_zone: str) -> tuple[tuple[int, int], ...]:
    """The minutes of the week that some year's clocks jump over, as first and end."""
    zone = ZoneInfo(time_zone)
    return tuple(sorted({gap for day in _changes(zone) for gap in _gap(zone, day)}))


def missing(week: Week, time_zone: str) -> Iterator[tuple[int, int, int]]:
    """Steps at a time that does not always exist, each with the gap that it is in."""
    for start, _ in week.steps if len(week.steps) > 1 else ():
        for first, end in gaps(time_zone):
            if (start - first) % WEEK < end - first:
                yield start, first % WEEK, end % WEEK


def widened(week: Week, time_zone: str) -> Week:
    """Steps at such times are moved out of their gap, so that there is rather more for a while than less."""
    moved = dict(week.steps)
    for start, first, end in missing(week, time_zone):
        before = (first - 1) % WEEK
        moved[before] = max(moved.get(before, 0), week.at(before), week.at(start))
        moved[end] = max(moved.get(end, 0), week.at(end))
        del moved[start]
    return joined(sorted(moved.items()))


def minute_at(at: float, zone: ZoneInfo) -> int:
    """Of the week, at seconds of Unix."""
    local = datetime.datetime.fromtimestamp(at, zone)
    return local.weekday() * DAY + local.hour * 60 + local.minute


def name(minute: int) -> str:
    """`sun 02:30`."""
    return f"{DAYS[minute // DAY]} {minute % DAY // 60:02}:{minute % 60:02}"


def _spans(window: Window) -> Iterator[tuple[int, int, int]]:
    """Start, length and number for each day. An end at or before the start is on the next day."""
    length = (window.end_minute - window.start_minute - 1) % DAY + 1
    for day in window.days:
        yield DAYS.index(day) * DAY + window.start_minute, length, window.least


def _least(spans: Sequence[tuple[int, int, int]], minute: int, outside: int) -> int:
    return max((least for start, length, least in spans if (minute - start) % WEEK < length), default=outside)


def joined(steps: Iterable[tuple[int, int]]) -> Week:
    """Of steps in order, without those that change nothing."""
    found = list(steps)
    kept = [step for index, step in enumerate(found) if step[1] != found[index - 1][1]]
    return Week(tuple(kept) or ((0, found[0][1]),))


def _cron(minutes: Sequence[int]) -> str:
    """One time of the day, on the days that these minutes of the week are on."""
    of_day = minutes[0] % DAY
    return f"{of_day % 60} {of_day // 60} * * {_days(sorted(minute // DAY for minute in minutes))}"


def _days(days: Sequence[int]) -> str:
    """Monday is 0 here and 1 in cron, where Sunday is 0."""
    if len(days) == len(DAYS):
        return "*"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1 and days[-1] < 6:
        return f"{days[0] + 1}-{days[-1] + 1}"
    return ",".join(str((day + 1) % 7) for day in days)


def _changes(zone: ZoneInfo) -> Iterator[datetime.datetime]:
    """Days (UTC) within which the zone's clocks are changed."""
    day = datetime.datetime(RULES_FROM, 1, 1, tzinfo=datetime.UTC)
    while day.year < RULES_TO:
        after = day + datetime.timedelta(days=1)
        if day.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            yield day
        day = after


def _gap(zone: ZoneInfo, day: datetime.datetime) -> Iterator[tuple[int, int]]:
    """What is jumped over within the day; nothing where clocks go back."""
    low, high = 0, DAY
    before = day.astimezone(zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        is_before = (day + datetime.timedelta(minutes=middle)).astimezone(zone).utcoffset() == before
        low, high = (middle, high) if is_before else (low, middle)
    last, first = ((day + datetime.timedelta(minutes=each)).astimezone(zone) for each in (low, high))
    jump = first.replace(tzinfo=None) - last.replace(tzinfo=None)
    length = int(jump.total_seconds()) // 60 - 1
    if length > 0:
        start = last.weekday() * DAY + last.hour * 60 + last.minute + 1
        yield start, start + length
