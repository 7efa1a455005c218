"""Turns, ratios and percentiles."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.engine.pairing import in_turns, percentile, ratio

POSITIVE = st.floats(min_value=1e-3, max_value=1e6)


def test_the_order_turns_round_from_one_round_to_the_next() -> None:
    """A B, B A, A B: and each side is told which round it is."""
    called: list[str] = []

    def side(name: str) -> Callable[[int], str]:
        def measure(number: int) -> str:
            called.append(f"{name}{number}")
            return called[-1]

        return measure

    found = in_turns([side("a"), side("b")], 3)
    assert called == ["a0", "b0", "b1", "a1", "a2", "b2"]
    assert found == [("a0", "b0"), ("a1", "b1"), ("a2", "b2")]


def test_the_median_is_of_the_ratios_and_not_of_the_sides() -> None:
    """One pair that was disturbed on one side does not move it."""
    found = ratio([(10, 10), (1, 1), (12, 10), (100, 50), (5, 50)])
    assert (found.median, found.least, found.most, found.num_pairs) == (1.0, 0.1, 2.0, 5)
    assert (found.ours, found.peer) == (10, 10)


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=20))
def test_swapping_the_sides_inverts_an_odd_number_of_ratios(pairs: list[tuple[float, float]]) -> None:
    """So it does not matter which side is called ours."""
    pairs = pairs[: len(pairs) - 1 + len(pairs) % 2] or pairs
    there, back = ratio(pairs), ratio([(peer, ours) for ours, peer in pairs])
    assert math.isclose(there.median * back.median, 1, rel_tol=1e-9)
    assert there.least <= there.median <= there.most


def test_nothing_measured_has_no_ratio_and_no_percentile() -> None:
    """An empty list is an error, not a zero."""
    with pytest.raises(ValueError, match="no pairs"):
        ratio([])
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.95)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_is_the_smallest_value_that_covers_its_share(values: list[float], share: float) -> None:
    """At least this share of all values is not above it, and it is one of them."""
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    below = [value for value in values if value < found]
    assert not below or sum(value <= max(below) for value in values) < share * len(values)
