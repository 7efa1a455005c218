"""Weeks of least numbers, and the crons that are made of them."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from infra import weeks
from infra.stack import Window
from infra.weeks import DAYS, WEEK, Week
from tests.helpers import keda_clock

WORKDAYS = DAYS[:5]
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe")
CHANGES = {
    "Europe/Berlin": ("2027-03-28T01:00", "2027-10-31T01:00"),
    "America/New_York": ("2027-03-14T07:00", "2027-11-07T06:00"),
    "America/Santiago": ("2027-09-05T04:00", "2027-04-04T03:00"),
    "Australia/Lord_Howe": ("2027-10-02T15:30", "2027-04-03T15:00"),
}
minutes = st.one_of(st.integers(0, 47).map(lambda half: half * 30), st.integers(0, 1439))
windows = st.lists(
    st.builds(
        lambda days, start, end, least: Window(tuple(sorted(days, key=DAYS.index)), start, end, "UTC", least),
        st.sets(st.sampled_from(DAYS), min_size=1),
        minutes,
        minutes,
        st.integers(0, 4),
    ),
    max_size=4,
)


def instants(time_zone: str) -> st.SearchStrategy[datetime.datetime]:
    """Some time in 2027; often within two days of a change of the clocks."""
    year = st.integers(0, 365 * 1440).map(lambda minute: _at("2027-01-01T00:00", minute))
    near = [st.builds(_at, st.just(at), st.integers(-2880, 2880)) for at in CHANGES.get(time_zone, ())]
    return st.one_of(year, *near)


def _at(text: str, minute: int) -> datetime.datetime:
    begin = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)
    return begin + datetime.timedelta(minutes=minute)


def said(found: list[Window], outside: int, time_zone: str, at: datetime.datetime) -> int:
    """What windows say at an instant, straight from their definition. Of a repeated hour only the second one counts."""
    wall = at.astimezone(ZoneInfo(time_zone))
    while wall.fold == 0 and wall.replace(fold=1).utcoffset() != wall.utcoffset():
        wall -= datetime.timedelta(minutes=1)  # by the wall clock: back to before the hour that comes twice
    minute = wall.weekday() * 1440 + wall.hour * 60 + wall.minute
    active = [window.least for window in found for day in window.days if _is_in(window, DAYS.index(day), minute)]
    return max(active, default=outside)


def _is_in(window: Window, day: int, minute: int) -> bool:
    length = window.end_minute - window.start_minute
    return (minute - day * 1440 - window.start_minute) % WEEK < (length if length > 0 else length + 1440)


@given(st.data(), windows, st.integers(0, 4), st.sampled_from(ZONES))
def test_the_clock_gives_what_the_windows_say(
    data: st.DataObject, found: list[Window], outside: int, time_zone: str
) -> None:
    """At any instant of a year, changes of the clocks among them: the lowest number and the triggers above it."""
    week = weeks.week_of(found, outside)
    assume(not list(weeks.missing(week, time_zone)))
    at = data.draw(instants(time_zone))
    triggers = [(each.start, each.end, each.least) for each in weeks.stretches(week)]
    assert keda_clock.replicas(triggers, time_zone, at, week.lowest) == said(found, outside, time_zone, at)


@given(st.data(), windows, st.integers(0, 4), st.sampled_from(sorted(CHANGES)))
def test_a_week_that_is_widened_has_no_time_that_does_not_exist_and_nowhere_less(
    data: st.DataObject, found: list[Window], outside: int, time_zone: str
) -> None:
    """More for less than an hour is the price; elsewhere nothing changes."""
    week = weeks.week_of(found, outside)
    wide = weeks.widened(week, time_zone)
    assert not list(weeks.missing(wide, time_zone))
    minute = data.draw(st.integers(0, WEEK - 1))
    assert wide.at(minute) >= week.at(minute)
    if not any((minute - first + 1) % WEEK < end - first + 1 for first, end in weeks.gaps(time_zone)):
        assert wide.at(minute) == week.at(minute)


@given(windows, st.integers(0, 4), st.integers(0, 4), st.integers(0, WEEK - 1))
def test_the_parts_of_a_week_add_up(found: list[Window], outside: int, floor: int, minute: int) -> None:
    """A base up to the floor and a burst above it have together what the model needs."""
    week = weeks.week_of(found, outside)
    base, burst = week.part(0, floor), week.part(floor, 100)
    assert base.at(minute) + burst.at(minute) == week.at(minute)
    assert base.at(minute) <= floor


@given(windows, windows, st.integers(0, WEEK - 1))
@example([], [], 0)
def test_the_highest_of_two_weeks_meets_both(one: list[Window], other: list[Window], minute: int) -> None:
    """As a schedule and a forecast are both met."""
    first, second = weeks.week_of(one, 1), weeks.week_of(other, 0)
    assert weeks.highest_of(first, second).at(minute) == max(first.at(minute), second.at(minute))


def test_nights_across_midnight_and_a_weekend_are_few_triggers() -> None:
    """Fewer at night and on weekends is more by day: one trigger, with the days on which it begins and ends."""
    week = weeks.week_of([Window(DAYS, 1200, 360, "UTC", 1), Window(DAYS[5:], 0, 0, "UTC", 1)], 2)
    assert week.lowest == 1
    assert [(one.start, one.end, one.least) for one in weeks.stretches(week)] == [("0 6 * * 1-5", "0 20 * * 1-5", 2)]


def test_a_window_that_raises_across_midnight_ends_on_the_day_after() -> None:
    """From Friday evening to Saturday morning; Sunday evening ends on Monday."""
    late = weeks.week_of([Window(("fri", "sun"), 1320, 120, "UTC", 3)], 1)
    assert [(one.start, one.end) for one in weeks.stretches(late)] == [("0 22 * * 5,0", "0 2 * * 1,6")]


def test_a_week_without_a_change_has_no_trigger() -> None:
    """All days from midnight to midnight is always."""
    week = weeks.week_of([Window(DAYS, 0, 0, "UTC", 3)], 1)
    assert week == Week(((0, 3),))
    assert weeks.stretches(week) == ()


@pytest.mark.parametrize(
    ("time_zone", "expected"),
    [
        ("UTC", []),
        ("Europe/Berlin", [("sun 02:00", 60)]),
        ("America/Santiago", [("sun 00:00", 60)]),
        ("Africa/Cairo", [("fri 00:00", 60)]),
        ("Australia/Lord_Howe", [("sun 02:00", 30)]),
    ],
)
def test_gaps_are_when_a_zones_clocks_go_forward(time_zone: str, expected: list[tuple[str, int]]) -> None:
    """By the rules of recent years and those to come."""
    assert [(weeks.name(first), end - first) for first, end in weeks.gaps(time_zone)] == expected
