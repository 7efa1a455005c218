"""Budgets against an estimate: passed, near, or exceeded. The worst one is the exit code.

0 pass      below `warn_percent` of every limit
1 warning   at or above it, or the total is known to be wrong
2 critical  at or above `critical_percent`
3 exceeded  above the limit
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from infra.cost.money import to_cents
from infra.cost.report import Budget, Gate, ModelCost
from infra.cost.settings import Budgets
from infra.cost.types import Estimate

NO_MODEL = "there is no such model in the stack"


def check(limits: Budgets, estimate: Estimate, models: Sequence[ModelCost]) -> tuple[Budget, ...]:
    """Every limit that is set, in the order in which it is set."""
    return tuple(_check(limits, estimate, models))


def _check(limits: Budgets, estimate: Estimate, models: Sequence[ModelCost]) -> Iterator[Budget]:
    if limits.typical is not None:
        yield _budget("stack, typical", Fraction(limits.typical), _units(estimate.cost.typical_cents), limits)
    if limits.high is not None:
        yield _budget("stack, max", Fraction(limits.high), _units(estimate.cost.high_cents), limits)
    by_name = {model.name: model for model in models}
    for name, limit in limits.per_model.items():
        model = by_name.get(name)
        if model is None:
            yield Budget(name, limit * 100, 0, Gate.WARNING, NO_MODEL)
        else:
            yield _budget(f"{name}, typical", Fraction(limit), _units(model.cost.typical_cents), limits)
    for name, price in limits.per_million_tokens.items():
        model = by_name.get(name)
        if model is None or model.tokens is None:
            message = "no throughput is known for it" if model else NO_MODEL
            yield Budget(f"{name}, per 1M tokens", to_cents(price), 0, Gate.WARNING, message)
        else:
            yield _budget(f"{name}, per 1M tokens", price, model.tokens.allocation, limits)


def _budget(name: str, limit: Fraction, actual: Fraction, limits: Budgets) -> Budget:
    """Compared exactly: a price per million tokens may be a fraction of a cent."""
    if actual > limit:
        gate = Gate.EXCEEDED
    elif actual * 100 >= limit * limits.critical_percent and actual:
        gate = Gate.CRITICAL
    elif actual * 100 >= limit * limits.warn_percent and actual:
        gate = Gate.WARNING
    else:
        gate = Gate.PASS
    percent = f"{float(actual * 100 / limit):.0f} % of the limit" if limit else "the limit is nothing"
    return Budget(name, to_cents(limit), to_cents(actual), gate, percent)


def _units(cents: int) -> Fraction:
    return Fraction(cents, 100)
