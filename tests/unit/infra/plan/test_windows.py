"""A model's week, from its hours and its forecast."""

import dataclasses
import math

from hypothesis import given
from hypothesis import strategies as st

from infra import weeks
from infra.plan.windows import forecast_week, plan_week, plan_windows, time_zone_of
from infra.stack import Forecast, ModelConfig, Window
from infra.weeks import WEEK

CHOSEN = ModelConfig("legal", 1, 5, None)
hours = st.lists(st.floats(0, 40), min_size=168, max_size=168).map(tuple)


@given(hours, st.integers(1, 7200), st.integers(0, WEEK - 1))
def test_a_forecast_has_room_for_the_hour_and_for_those_that_begin_soon(
    expected: tuple[float, ...], ahead_s: int, minute: int
) -> None:
    """Rounded up to whole replicas, and never more than there may be."""
    week = forecast_week(Forecast("UTC", expected), 3.2, ahead_s, most=5)
    soon = {expected[(minute + early) // 60 % 168] for early in range(-(-ahead_s // 60) + 1)}
    assert week.at(minute) == min(max(math.ceil(each / 3.2) for each in soon), 5)


def test_hours_and_forecast_are_both_met() -> None:
    """The larger number holds."""
    busy = Forecast("Europe/Berlin", tuple(9.0 if hour == 33 else 0.0 for hour in range(168)))  # Tuesday at nine
    window = Window(weeks.DAYS[:5], 480, 1080, "Europe/Berlin", 2)
    chosen = dataclasses.replace(CHOSEN, windows=(window,), forecast=busy)
    week = plan_week(chosen, 3.0, ahead_s=900)
    at = {text: week.at(1440 + minute) for text, minute in {"8": 480, "8:45": 525, "9:30": 570, "10": 600}.items()}
    assert at == {"8": 2, "8:45": 3, "9:30": 3, "10": 2}
    triggers = plan_windows(week, time_zone_of(chosen))
    assert ("45 8 * * 2", "0 10 * * 2", "Europe/Berlin", 3) in [dataclasses.astuple(each) for each in triggers]


def test_a_forecast_avoids_times_that_do_not_exist() -> None:
    """Hour by hour, one would begin in the hour that clocks jump over."""
    night = Forecast("Europe/Berlin", tuple(9.0 if hour == 6 * 24 + 2 else 0.0 for hour in range(168)))
    week = plan_week(dataclasses.replace(CHOSEN, forecast=night), 3.0, ahead_s=60)
    assert not list(weeks.missing(week, "Europe/Berlin"))
    assert week.at(6 * 1440 + 150) == 3


def test_a_model_without_hours_has_no_clock() -> None:
    """Its least number is always the same."""
    week = plan_week(CHOSEN, 3.0, ahead_s=0)
    assert (week.lowest, plan_windows(week, time_zone_of(CHOSEN))) == (1, ())
