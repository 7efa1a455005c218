"""How every format says money, ranges, shares and names, so that they all say the same.

Names come from manifests that anyone may have written: nothing here is safe for HTML, Markdown or a terminal by itself.
Each format escapes what it prints; `plain` takes control characters away, which no format may print.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Final

from infra.cost.money import Range, total
from infra.cost.report import Budget, Gate, ModelCost, Report, TokenCost
from infra.cost.types import Estimate, Kind
from kube.printable import printable as plain

__all__ = ["plain"]

SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£"}
MINUS: Final = "-"
NOTHING: Final = "-"
"""In a cell in which there is nothing to say."""
GROUPS: Final[tuple[tuple[str, tuple[Kind, ...]], ...]] = (
    ("GPU", (Kind.GPU,)),
    ("CPU+mem", (Kind.CPU_MEMORY,)),
    ("Storage", (Kind.STORAGE,)),
    ("LB+net", (Kind.LOAD_BALANCER, Kind.NETWORK)),
    ("Idle", (Kind.IDLE,)),
)
"""Columns of the table by model. The control plane is shared: it is a row, not a column."""
VERDICTS: Final = {
    Gate.PASS: "OK",
    Gate.WARNING: "warning",
    Gate.CRITICAL: "critical",
    Gate.EXCEEDED: "exceeded",
}
EXIT_CODES: Final = {gate: code for code, gate in enumerate(Gate)}
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def money(cents: int, currency: str) -> str:
    """Whole units with thousands separated: `$1,234`; below ten units with cents: `$0.26`."""
    amount = abs(cents)
    rounded = Decimal(amount).scaleb(-2)
    text = f"{rounded:,.2f}" if 0 < amount < 1000 else f"{rounded.quantize(Decimal(1), ROUND_HALF_EVEN):,}"
    return f"{MINUS if cents < 0 else ''}{_symbol(currency)}{text}"


def change(cents: int, currency: str) -> str:
    """As `money`, with a sign: `+$120`, `-$7.50`, `$0`."""
    return f"+{money(cents, currency)}" if cents > 0 else money(cents, currency)


def percent_change(before_cents: int, after_cents: int) -> str:
    """`+25 %`; empty where there was nothing before."""
    if not before_cents:
        return ""
    share = Fraction((after_cents - before_cents) * 100, before_cents)
    return f"{'+' if share > 0 else ''}{round(share)} %"


def span(cost: Range, currency: str) -> str:
    """`$3,950 to $11,300`."""
    return f"{money(cost.low_cents, currency)} to {money(cost.high_cents, currency)}"


def rate(price: Fraction, currency: str) -> str:
    """A price of one unit, with as many decimals as it needs: `$1.006`, `$0.0225`."""
    digits = 2 if price >= 100 else 4
    text = format(decimal(price, digits), "f")
    whole, _, part = text.partition(".")
    return f"{_symbol(currency)}{int(whole):,}.{part.rstrip('0').ljust(2, '0')}"


def decimal(value: Fraction, digits: int) -> Decimal:
    """The nearest decimal with so many digits behind the point, half to even; exact for all that fits."""
    scaled = round(value * 10**digits)
    return Decimal(scaled).scaleb(-digits)


def exact(value: Fraction, digits: int = 10) -> str:
    """Decimal text for programs: no exponent, no zeros at the end."""
    text = format(decimal(value, digits), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def units(cents: int) -> str:
    """`1234.56`: money for programs, always with cents."""
    return format(Decimal(cents).scaleb(-2), ".2f")


def replicas(row: ModelCost) -> str:
    """`2 / 3 / 8`; nothing for what has none."""
    return " / ".join(map(str, row.replicas)) if any(row.replicas) else NOTHING


def tokens(cost: TokenCost | None, currency: str) -> str:
    """Allocation and usage: `$1.40 / $0.28`."""
    if cost is None:
        return NOTHING
    return f"{rate(_two(cost.allocation), currency)} / {rate(_two(cost.usage), currency)}"


def difference(row: ModelCost, *, has_before: bool) -> int | None:
    """Typical, after less before; None where nobody knows what was before."""
    if not has_before:
        return None
    return row.cost.typical_cents - (row.before.typical_cents if row.before else 0)


def of_kinds(row: ModelCost, kinds: Iterable[Kind]) -> int:
    """Typical cents of some kinds."""
    return sum(row.by_kind[kind].typical_cents for kind in kinds if kind in row.by_kind)


def by_kind(estimate: Estimate) -> list[tuple[Kind, Range]]:
    """What each kind costs; kinds that cost nothing are left out."""
    sums = [(kind, total([line.cost for line in estimate.lines if line.kind is kind])) for kind in Kind]
    return [(kind, cost) for kind, cost in sums if cost != Range()]


def by_namespace(estimate: Estimate) -> list[tuple[str, Range]]:
    """What each namespace costs; what none owns is `shared`."""
    names = sorted({line.namespace for line in estimate.lines}, key=lambda name: (not name, name))
    return [
        (name or "shared", total([line.cost for line in estimate.lines if line.namespace == name])) for name in names
    ]


def budget_line(report: Report) -> str:
    """The worst budget in a few words: what stands in the head line."""
    if not report.budgets:
        return "no budget"
    order = list(Gate)
    worst = max(report.budgets, key=lambda budget: order.index(budget.gate))
    return f"{plain(worst.name)} {budget_limit(worst, report.currency)}: {VERDICTS[worst.gate]}"


def budget_limit(budget: Budget, currency: str) -> str:
    """With cents where the limit has some."""
    if budget.limit_cents % 100:
        return f"{_symbol(currency)}{units(budget.limit_cents)}"
    return money(budget.limit_cents, currency)


def hour_of_week(hour: int) -> str:
    """0 -> `Mon 00:00`."""
    return f"{DAYS[hour // 24 % 7]} {hour % 24:02}:00"


def prices_line(report: Report) -> str:
    """Which price book, of when, with which content."""
    prices = report.prices
    return (
        f"price book {plain(prices.version)} of {date(prices.date)} ({counted(prices.age_days, 'day')} old), "
        f"SHA-256 {plain(prices.sha256)[:12]}"
    )


def date(day: datetime.date) -> str:
    """As ISO writes it."""
    return day.isoformat()


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 day`, `2 days`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first(rows: Sequence[str], most: int) -> list[str]:
    """At most so many, and how many more there are."""
    more = len(rows) - most
    return list(rows) if more <= 0 else [*rows[:most], f"and {more:,} more"]


def _two(value: Fraction) -> Fraction:
    """Rounded to cents where that leaves something to see."""
    return Fraction(decimal(value, 2)) if value >= 1 else value


def _symbol(currency: str) -> str:
    return SYMBOLS.get(currency, f"{plain(currency)} ")
