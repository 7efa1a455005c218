"""Money as whole cents, so that sums are exact whatever their grouping.

Prices are exact fractions until they become a line of a report; there they are rounded once, half to even. What is
shared between several (a node between its pods) is divided so that the shares add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm

HOURS_PER_MONTH = 730  # the convention of Infracost, FinFocus and Kubecost
HOURS_PER_WEEK = 168


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Low, typical and high, in cents a month."""

    low_cents: int = 0
    typical_cents: int = 0
    high_cents: int = 0

    def __add__(self, other: Range) -> Range:
        return Range(
            self.low_cents + other.low_cents,
            self.typical_cents + other.typical_cents,
            self.high_cents + other.high_cents,
        )

    def __sub__(self, other: Range) -> Range:
        return Range(
            self.low_cents - other.low_cents,
            self.typical_cents - other.typical_cents,
            self.high_cents - other.high_cents,
        )


def total(ranges: Sequence[Range]) -> Range:
    """The sum; zero for none."""
    return sum(ranges, start=Range())


def to_cents(amount: Fraction | Decimal | int) -> int:
    """An amount in the currency's unit (dollars) -> cents, half to even."""
    return round(Fraction(amount) * 100)


def divide(cents: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Shares of `cents` in proportion to the weights (none negative) that add up to it exactly.

    The cents that rounding leaves go to the largest remainders, the earlier one first. All weights zero: equal shares.
    """
    whole_weights = _whole(weights)
    among = sum(whole_weights)
    if not among:
        whole_weights, among = [1] * len(whole_weights), len(whole_weights)
    parts = [divmod(cents * weight, among) for weight in whole_weights]
    shares = [share for share, _ in parts]
    by_remainder = sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))
    for i in by_remainder[: cents - sum(shares)]:
        shares[i] += 1
    return shares


def _whole(weights: Sequence[Fraction | int]) -> list[int]:
    """Whole numbers in the same proportion: they are divided many times faster."""
    factor = lcm(*(weight.denominator for weight in weights))
    return [weight.numerator * (factor // weight.denominator) for weight in weights]
