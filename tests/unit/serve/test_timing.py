"""Tests of serve.engine.timing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.engine.timing import FIRST_TOKEN_BOUNDS_S, NEXT_TOKEN_BOUNDS_S, Tally

BOUNDS_S = (0.1, 1.0, 10.0)


@given(st.lists(st.one_of(st.sampled_from(BOUNDS_S), st.floats(0, 20)), max_size=20))
def test_each_value_counts_once_below_its_bound(values_s: list[float]) -> None:
    """A value equal to a bound is within it; what is above all of them counts last; the sum is that of all."""
    tally = Tally(BOUNDS_S)
    for value_s in values_s:
        tally.add(value_s)
    histogram = tally.histogram()
    assert histogram.bounds_s == BOUNDS_S
    for index, (low, high) in enumerate(zip((-1.0, *BOUNDS_S), (*BOUNDS_S, float("inf")), strict=True)):
        assert histogram.counts[index] == sum(low < value_s <= high for value_s in values_s)
    assert histogram.sum_s == sum(values_s)


def test_a_histogram_does_not_change_any_more() -> None:
    """It is the value of one moment."""
    tally = Tally(BOUNDS_S)
    before = tally.histogram()
    tally.add(0.5)
    assert (before.counts, tally.histogram().counts) == ((0, 0, 0, 0), (0, 1, 0, 0))


def test_bounds_rise() -> None:
    """Prometheus wants them so."""
    for bounds_s in (FIRST_TOKEN_BOUNDS_S, NEXT_TOKEN_BOUNDS_S):
        assert list(bounds_s) == sorted(set(bounds_s))
