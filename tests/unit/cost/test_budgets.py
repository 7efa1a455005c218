"""Budgets against an estimate."""

from fractions import Fraction

import pytest

from infra.cost.budgets import check
from infra.cost.money import Range
from infra.cost.report import Gate, ModelCost, TokenCost
from infra.cost.settings import Budgets
from infra.cost.types import Confidence, Estimate, Kind, Line

GATES = [(79_99, Gate.PASS), (80_00, Gate.WARNING), (94_99, Gate.WARNING), (95_00, Gate.CRITICAL),
         (100_00, Gate.CRITICAL), (100_01, Gate.EXCEEDED)]  # fmt: skip


def estimate(typical_cents: int, high_cents: int = 0) -> Estimate:
    """Of one line."""
    cost = Range(0, typical_cents, high_cents)
    return Estimate((Line(Kind.GPU, "x", cost, "", Fraction(0), Fraction(0), Confidence.LIST_PRICE, ""),))


def row(name: str, cents: int, per_million: Fraction | None = None) -> ModelCost:
    """Of a model."""
    tokens = (
        TokenCost(per_million, per_million, Fraction(1), Fraction(1), "", True) if per_million is not None else None
    )
    return ModelCost(name, "", (1, 1, 1), 0, {}, Range(0, cents, cents), None, tokens)


@pytest.mark.parametrize(("cents", "gate"), GATES)
def test_the_verdict_follows_the_percentage(cents: int, gate: Gate) -> None:
    """Of a limit of 100: warned from 80 %, critical from 95 %, exceeded above it; the limit itself is allowed."""
    [found] = check(Budgets(typical=100), estimate(cents), [])
    assert (found.gate, found.limit_cents, found.actual_cents) == (gate, 10000, cents)


@pytest.mark.parametrize(("cents", "gate"), GATES)
def test_the_high_month_and_each_model_have_their_own(cents: int, gate: Gate) -> None:
    """The same rule."""
    [high] = check(Budgets(high=100), estimate(0, cents), [])
    [model] = check(Budgets(per_model={"llama": 100}), estimate(0), [row("llama", cents)])
    assert (high.gate, high.name) == (gate, "stack, max")
    assert (model.gate, model.name) == (gate, "llama, typical")


def test_tokens_are_compared_exactly() -> None:
    """A limit of 0.125 a million is no whole number of cents: 0.1251 exceeds it, 0.09 does not."""
    limits = Budgets(per_million_tokens={"llama": Fraction("0.125")})
    for price, gate in (("0.1251", Gate.EXCEEDED), ("0.125", Gate.CRITICAL), ("0.09", Gate.PASS)):
        [found] = check(limits, estimate(0), [row("llama", 0, Fraction(price))])
        assert found.gate is gate


def test_a_budget_that_can_not_be_judged_warns() -> None:
    """Of a model that is not there, or whose speed is not known."""
    limits = Budgets(per_model={"gone": 5}, per_million_tokens={"gone": Fraction(1), "llama": Fraction(1)})
    found = check(limits, estimate(0), [row("llama", 0)])
    assert [(each.name, each.gate) for each in found] == [
        ("gone", Gate.WARNING),
        ("gone, per 1M tokens", Gate.WARNING),
        ("llama, per 1M tokens", Gate.WARNING),
    ]
    assert "no throughput" in found[2].message


def test_a_limit_of_nothing_allows_nothing() -> None:
    """And is not divided by."""
    assert [check(Budgets(typical=0), estimate(cents), [])[0].gate for cents in (0, 1)] == [Gate.PASS, Gate.EXCEEDED]


def test_percentages_are_the_stacks() -> None:
    """Warned from half of it on."""
    [found] = check(Budgets(typical=100, warn_percent=50, critical_percent=60), estimate(5500), [])
    assert found.gate is Gate.WARNING
    assert found.message == "55 % of the limit"


def test_without_limits_there_is_nothing_to_judge() -> None:
    """Budgets are chosen, not presumed."""
    assert check(Budgets(), estimate(10**9), []) == ()
