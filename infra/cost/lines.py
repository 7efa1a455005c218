"""One line of an estimate that is a quantity times a price, or the reason why it has none."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from infra.cost.book import Price
from infra.cost.money import Range, to_cents
from infra.cost.types import Kind, Line, Unpriced


@dataclass(frozen=True, slots=True)
class Amount:
    """Of units a month: low, typical, high."""

    low: Fraction
    typical: Fraction
    high: Fraction

    @classmethod
    def fixed(cls, amount: Fraction | int) -> Amount:
        """The same in every month."""
        return cls(*[Fraction(amount)] * 3)


@dataclass(frozen=True, slots=True)
class Paid:
    """What a line pays for, and how much of it a month."""

    kind: Kind
    name: str
    unit: str
    amount: Amount
    driver: str
    namespace: str = ""
    model: str | None = None
    workload: str = ""


def line(paid: Paid, price: Price | None, missing: str) -> Line | Unpriced:
    """`missing` says why there is no price."""
    if price is None:
        return Unpriced(f"{paid.kind} {paid.name}", missing)
    amount = paid.amount
    costs = (amount.low * price.low, amount.typical * price.typical, amount.high * price.high)
    return Line(
        kind=paid.kind,
        name=paid.name,
        cost=Range(*map(to_cents, costs)),
        unit=paid.unit,
        quantity=amount.typical,
        price=price.typical,
        confidence=price.confidence,
        driver=paid.driver,
        namespace=paid.namespace,
        model=paid.model,
        note=price.note,
        workload=paid.workload,
    )
