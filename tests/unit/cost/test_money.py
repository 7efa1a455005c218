"""Cents, and their division."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.money import Range, divide, to_cents, total

WEIGHTS = st.lists(st.integers(0, 10**30) | st.fractions(0, 10**6), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("0.005", 0), ("0.015", 2), ("0.025", 2), ("734.38", 73438), ("-0.015", -2), ("0.0149999", 1)],
)
def test_half_a_cent_goes_to_the_even_one(amount: str, cents: int) -> None:
    """0.5 -> 0, 1.5 -> 2, 2.5 -> 2: no drift over many lines."""
    assert to_cents(Fraction(amount)) == cents


def test_what_rounding_leaves_goes_to_the_largest_remainders() -> None:
    """100 by 1:1:1 is 33.3 each: one cent is left, for the first. 10 by 2:3:1 is 3.33, 5, 1.67: it is for the last."""
    assert divide(100, [1, 1, 1]) == [34, 33, 33]
    assert divide(10, [2, 3, 1]) == [3, 5, 2]


def test_without_weights_all_get_the_same() -> None:
    """Nobody among none."""
    assert divide(7, [0, 0]) == [4, 3]
    assert divide(7, []) == []


@given(st.integers(-(10**12), 10**12), WEIGHTS)
def test_shares_add_up_to_the_whole(cents: int, weights: list[Fraction | int]) -> None:
    """Whatever is divided among whomever."""
    assert sum(divide(cents, weights)) == cents


@given(st.integers(0, 10**12), WEIGHTS)
def test_a_share_is_within_one_cent_of_its_exact_amount(cents: int, weights: list[Fraction | int]) -> None:
    """And nobody pays for who has no weight, where anybody has."""
    whole = sum(map(Fraction, weights))
    for share, weight in zip(divide(cents, weights), weights, strict=True):
        exact = cents * Fraction(weight) / whole if whole else Fraction(cents, len(weights))
        assert abs(share - exact) < 1


@given(st.integers(0, 10**9), st.lists(st.fractions(0, 100), min_size=1, max_size=10), st.integers(1, 1000))
def test_only_the_proportion_of_weights_matters(cents: int, weights: list[Fraction], factor: int) -> None:
    """Fractions and their multiples divide alike."""
    assert divide(cents, weights) == divide(cents, [weight * factor for weight in weights])


@given(st.lists(st.tuples(*[st.integers(-(10**9), 10**9)] * 3), max_size=20))
def test_ranges_add_and_subtract_by_their_parts(parts: list[tuple[int, int, int]]) -> None:
    """The total of none is zero."""
    ranges = [Range(*each) for each in parts]
    whole = total(ranges)
    assert whole == Range(*(sum(column) for column in zip(*parts, strict=True))) if parts else whole == Range()
    assert whole - whole == Range()
