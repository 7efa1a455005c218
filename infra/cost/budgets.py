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


def check(limits: Budgets, estimate: Estimate, models: Sequence[ModelCost]) -> tuple[Budget, ...]:
    """Every limit that is set, in the order in which it is set."""
    return tuple(_check(limits, estimate, models))


def _check(limits: Budgets, estimate: Estimate, models: Sequence[ModelCost]) -> Iterator[Budget]:
    if limits.typical is not None:
        yield _budget("stack, typical", limits.typical * 100, estimate.cost.typical_cents, limits)
    if limits.high is not None:
        yield _budget("stack, high", limits.high * 100, estimate.cost.high_cents, limits)
    by_name = {model.name: model for model in models}
    for name, limit in limits.per_model.items():
        model = by_name.get(name)
        if model is None:
            yield Budget(name, limit * 100, 0, Gate.WARNING, "there is no such model in the stack")
        else:
            yield _budget(f"{name}, typical", limit * 100, model.cost.typical_cents, limits)
    for name, price in limits.per_million_tokens.items():
        model = by_name.get(name)
        if model is None or model.tokens is None:
            message = "no throughput is known for it" if model else "there is no such model in the stack"
            yield Budget(f"{name}, per 1M tokens", to_cents(price), 0, Gate.WARNING, message)
        else:
            yield _budget(f"{name}, per 1M tokens", to_cents(price), to_cents(model.tokens.allocation), limits)


def _budget(name: str, limit_cents: int, actual_cents: int, limits: Budgets) -> Budget:
    percent = Fraction(actual_cents * 100, limit_cents) if limit_cents else Fraction(101 if actual_cents else 0)
    if percent > 100:
        gate = Gate.EXCEEDED
    elif percent >= limits.critical_percent:
        gate = Gate.CRITICAL
    elif percent >= limits.warn_percent:
        gate = Gate.WARNING
    else:
        gate = Gate.PASS
    return Budget(name, limit_cents, actual_cents, gate, f"{float(percent):.0f} % of the limit")
