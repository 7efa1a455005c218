"""Past weeks -> the hours of a week."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.errors import ConfigError
from infra.forecast.fit import HOURS, fit
from infra.forecast.history import Sample
from tests.unit.infra.forecast.samples import BERLIN, some_weeks


def test_each_hour_of_the_week_has_what_it_had_in_the_weeks_that_were() -> None:
    """In the people's time zone, also over a change of the clocks."""
    table = fit(some_weeks(4, "2027-03-15"), BERLIN)
    assert len(table.hours) == HOURS
    assert (table.hours[8], table.hours[9], table.hours[10], table.hours[20]) == (6, 12, 6, 1)
    assert set(table.hours[5 * 24 :]) == {1}


def test_one_odd_week_of_many_changes_little() -> None:
    """A quantile, not the maximum: a load test is no season."""
    usual = some_weeks(12)
    odd = [dataclasses.replace(each, requests=500.0) if index < 288 else each for index, each in enumerate(usual)]
    assert fit(odd, BERLIN, 0.9) == fit(usual, BERLIN, 0.9)
    assert fit(odd, BERLIN, 1.0).hours[3] == 500


def test_an_hour_that_was_never_seen_has_what_other_days_of_its_kind_have() -> None:
    """Prometheus was away on every Monday at nine."""
    seen = [each for each in some_weeks(3) if not (each.requests == 12 and _is_monday(each))]
    assert fit(seen, BERLIN).hours[9] == 12


def _is_monday(sample: Sample) -> bool:
    return int((sample.at - some_weeks(1)[0].at) // 86_400) % 7 == 0


@pytest.mark.parametrize("samples", [[], some_weeks(1)])
def test_what_was_seen_once_is_no_season(samples: list[Sample]) -> None:
    """Two weeks at least."""
    with pytest.raises(ConfigError, match="allowed: 2 weeks or more"):
        fit(samples, BERLIN)


def test_a_time_zone_that_there_is_not_is_refused() -> None:
    """With an example of one that there is."""
    with pytest.raises(ConfigError, match="'Mars/Base' is not allowed; allowed: a time zone such as Europe/Berlin"):
        fit(some_weeks(2), "Mars/Base")


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_a_higher_quantile_never_expects_less(one: float, other: float) -> None:
    """In no hour."""
    samples = [dataclasses.replace(each, requests=each.requests + index % 7) for index, each in enumerate(WEEKS)]
    low, high = (fit(samples, BERLIN, quantile).hours for quantile in sorted((one, other)))
    assert all(less <= more for less, more in zip(low, high, strict=True))


WEEKS = some_weeks(3)[::12]
