"""Cron expressions as times of the week."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost import cron
from infra.cost.types import Window

H = 60
DAY = 24 * H


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("0 8 * * 1-5", [day * DAY + 8 * H for day in range(5)]),
        ("30 7 * * mon,WED", [7 * H + 30, 2 * DAY + 7 * H + 30]),
        ("0 0 * * 0", [6 * DAY]),
        ("0 0 * * 7", [6 * DAY]),
        ("0 */12 * * 6", [5 * DAY, 5 * DAY + 12 * H]),
        ("15,45 9 ? * 1", [9 * H + 15, 9 * H + 45]),
        ("0 20/2 * * 2", [DAY + 20 * H, DAY + 22 * H]),
        ("@weekly", [6 * DAY]),
    ],
)
def test_times_are_minutes_since_monday(expression: str, times: list[int]) -> None:
    """Sunday is both 0 and 7, and the last day here."""
    assert cron.times_of_week(expression) == times


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "61 * * * *", "* 24 * * *", "0 8 1 * *", "0 8 * 6 *", "0 8 * * 8", "*/0 * * * *", "x * * * *",
     "5-1 * * * *", "0 8 * * mon-", "1.5 * * * *", "٣ * * * *", "0 99999999999999999999 * * *"],
)  # fmt: skip
def test_what_no_week_tells_is_none(expression: str) -> None:
    """Dates, months, and what is no cron expression."""
    assert cron.times_of_week(expression) is None


@pytest.mark.parametrize(
    ("expression", "times"),
    [
        ("@daily", Fraction(730, 24)),
        ("*/5 * * * *", Fraction(730 * 12)),
        ("0 3 1 * *", Fraction(730, 24) / 31),
        ("0 3 * jan *", Fraction(730, 24) / 12),
        ("0 3 1 * 1", Fraction(730, 24) * (Fraction(1, 31) + Fraction(1, 7))),
    ],
)
def test_how_often_it_fires_in_a_month(expression: str, times: Fraction) -> None:
    """A month has 730 / 24 = 30.42 days; a date and a day of the week fire where either matches."""
    assert cron.times_per_month(expression) == times


@pytest.mark.parametrize("expression", ["", "0 8 x * *", "never"])
def test_what_is_no_expression_never_fires_a_known_number_of_times(expression: str) -> None:
    """So that it can be told."""
    assert cron.times_per_month(expression) is None


def test_windows_reach_from_each_start_to_the_next_end() -> None:
    """8:00 to 20:00 on workdays."""
    starts, ends = cron.times_of_week("0 8 * * 1-5"), cron.times_of_week("0 20 * * 1-5")
    assert starts is not None
    assert ends is not None
    found = cron.windows(starts, ends, 2, 5)
    assert found == [Window(day * 24 + 8, day * 24 + 20, 2, 5) for day in range(5)]


def test_an_hour_that_is_begun_counts() -> None:
    """8:30 to 18:15 is 8 to 19."""
    assert cron.windows([8 * H + 30], [18 * H + 15], 1, 1) == [Window(8, 19, 1, 1)]


def test_windows_move_with_the_time_zone() -> None:
    """8 to 20 an hour further west is 7 to 19; Monday midnight there is Sunday 23:00 here."""
    assert cron.windows([8 * H], [20 * H], 1, 1, -H) == [Window(7, 19, 1, 1)]
    assert cron.windows([0], [8 * H], 1, 1, -H) == [Window(167, 7, 1, 1)]


def test_one_that_ends_where_it_starts_is_always_on() -> None:
    """The next end is a week later."""
    assert cron.windows([8 * H], [8 * H], 3, 3) == [Window(0, 168, 3, 3)]
    assert cron.windows([8 * H], [], 3, 3) == []


@given(st.integers(0, 10079), st.integers(0, 10079), st.integers(-900, 900))
def test_a_window_has_every_hour_that_the_schedule_touches(start: int, end: int, shift: int) -> None:
    """And at most one more at each side."""
    window = cron.window(start, end, 1, 1, shift)
    hours = (window.end_hour - window.start_hour) % 168 or 168
    length = (end - start) % 10080 or 10080
    assert 0 <= window.start_hour < 168
    assert 0 < window.end_hour <= 168
    assert length <= hours * 60 < length + 120
