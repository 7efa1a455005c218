"""Money as whole cents, so that sums are exact whatever their grouping.

Prices are exact fractions until they become a line of a report; there they are rounded once, half to even. What is
shared between several (a node between its pods) is divided so that the shares add up to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

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
    if not weights:
        return []
    whole = sum(map(Fraction, weights), start=Fraction(0))
    exact = [Fraction(cents) * (Fraction(w) / whole if whole else Fraction(1, len(weights))) for w in weights]
    shares = [part.numerator // part.denominator for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (shares[i] - exact[i], i))
    for i in by_remainder[: cents - sum(shares)]:
        shares[i] += 1
    return shares
