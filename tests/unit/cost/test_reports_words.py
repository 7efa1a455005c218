"""How money, rates and names are written."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.report import Budget, Gate
from infra.cost.reports import words
from tests.unit.cost import samples


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "$0"), (26, "$0.26"), (999, "$9.99"), (1000, "$10"), (1050, "$10"), (1150, "$12"), (123456, "$1,235"),
        (-26, "-$0.26"), (-123456, "-$1,235"),
    ],
)  # fmt: skip
def test_money_is_whole_but_for_small_amounts(cents: int, text: str) -> None:
    """Half to even: 10.50 is 10, 11.50 is 12."""
    assert words.money(cents, "USD") == text


@pytest.mark.parametrize(("currency", "text"), [("EUR", "€12"), ("GBP", "£12"), ("CHF", "CHF 12")])
def test_a_currency_without_a_sign_is_named(currency: str, text: str) -> None:
    """And never taken for dollars."""
    assert words.money(1200, currency) == text


@pytest.mark.parametrize(("cents", "text"), [(12000, "+$120"), (-750, "-$7.50"), (0, "$0")])
def test_a_change_has_a_sign(cents: int, text: str) -> None:
    """Nothing has none."""
    assert words.change(cents, "USD") == text


@pytest.mark.parametrize(
    ("before", "after", "text"), [(0, 5, ""), (400, 500, "+25 %"), (500, 400, "-20 %"), (500, 500, "0 %")]
)
def test_a_share_of_nothing_is_none(before: int, after: int, text: str) -> None:
    """New cost has no percentage."""
    assert words.percent_change(before, after) == text


@pytest.mark.parametrize(
    ("price", "text"),
    [("1.006", "$1.006"), ("0.0225", "$0.0225"), ("3.06", "$3.06"), ("2", "$2.00"), ("1234.567", "$1,234.57")],
)
def test_a_rate_has_the_digits_that_it_needs(price: str, text: str) -> None:
    """At least two, at most four."""
    assert words.rate(Fraction(price), "USD") == text


@given(st.integers(-(10**12), 10**12))
def test_units_are_exact(cents: int) -> None:
    """A program gets every cent back."""
    assert Fraction(words.units(cents)) * 100 == cents


@given(st.fractions(-(10**9), 10**9, max_denominator=10**6))
def test_exact_text_is_near_and_has_no_exponent(value: Fraction) -> None:
    """To ten digits behind the point."""
    text = words.exact(value)
    assert "e" not in text.lower()
    assert abs(Fraction(text) - value) <= Fraction(1, 2 * 10**10)


@pytest.mark.parametrize(("limit", "text"), [(50000, "$500"), (1234, "$12.34"), (50, "$0.50")])
def test_a_limit_with_cents_shows_them(limit: int, text: str) -> None:
    """A budget per million tokens may be some cents."""
    assert words.budget_limit(Budget("a", limit, 0, Gate.PASS, ""), "USD") == text


def test_the_worst_budget_stands_in_the_head_line() -> None:
    """Whatever their order."""
    assert words.budget_line(samples.report()) == "stack, max $1,400: exceeded"
    assert words.budget_line(samples.plain()) == "no budget"


@pytest.mark.parametrize(("hour", "text"), [(0, "Mon 00:00"), (33, "Tue 09:00"), (167, "Sun 23:00")])
def test_an_hour_of_the_week_has_a_name(hour: int, text: str) -> None:
    """From Monday on."""
    assert words.hour_of_week(hour) == text


def test_kinds_and_namespaces_add_up_to_the_total() -> None:
    """781 dollars: 500 + 120.50 + 79.50 + 8 + 73; 708 of them in the namespace."""
    found = samples.estimate()
    kinds, namespaces = words.by_kind(found), words.by_namespace(found)
    assert [cost.typical_cents for _, cost in kinds] == [50000, 12050, 7950, 800, 7300]
    assert [(name, cost.typical_cents) for name, cost in namespaces] == [("slipway", 70800), ("shared", 7300)]


def test_every_gate_has_its_exit_code() -> None:
    """0 to 3, as FinFocus has them."""
    codes = {Gate.PASS: 0, Gate.WARNING: 1, Gate.CRITICAL: 2, Gate.EXCEEDED: 3}
    assert codes == words.EXIT_CODES
