"""What nobody owns, divided."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.money import Range, total
from infra.cost.settings import SharedCosts
from infra.cost.shared import SHARED, owner_of, split
from infra.cost.types import Confidence, Kind, Line


def line(cents: int, model: str | None = None, workload: str = "") -> Line:
    """A line of somebody, or of nobody."""
    cost = Range(cents // 2, cents, cents * 2)
    kind = Kind.GPU if model or workload else Kind.CONTROL_PLANE
    return Line(
        kind, "x", cost, "hours", Fraction(730), Fraction(1), Confidence.LIST_PRICE, "", "ns", model, "", workload
    )


LINES = [line(3000, "a"), line(1000, workload="ns/b"), line(7300)]


@pytest.mark.parametrize(
    ("how", "parts"),
    [
        (SharedCosts.NONE, {"a": 3000, "ns/b": 1000, SHARED: 7300}),
        (SharedCosts.UNIFORM, {"a": 6650, "ns/b": 4650}),
        (SharedCosts.WEIGHTED, {"a": 8475, "ns/b": 2825}),
    ],
)
def test_shared_costs_are_divided_as_the_stack_says(how: SharedCosts, parts: dict[str, int]) -> None:
    """73.00 for two: 36.50 each; by what they cost, 3 : 1, 54.75 and 18.25."""
    found: dict[str, int] = {}
    for each in split(LINES, how):
        found[owner_of(each)] = found.get(owner_of(each), 0) + each.cost.typical_cents
    assert found == parts


@pytest.mark.parametrize("how", list(SharedCosts))
def test_where_nobody_is_to_pay_it_stays_shared(how: SharedCosts) -> None:
    """An empty cluster."""
    assert list(split([line(7300)], how)) == [line(7300)]


@given(
    st.lists(st.builds(line, st.integers(0, 10**7), st.sampled_from([None, "a", "b", "c"])), max_size=12),
    st.sampled_from(list(SharedCosts)),
)
def test_the_total_stays_the_same(lines: list[Line], how: SharedCosts) -> None:
    """To the cent, low, typical and high."""
    assert total([each.cost for each in split(lines, how)]) == total([each.cost for each in lines])
