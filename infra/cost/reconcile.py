"""The estimate against what OpenCost measured: by how much it was wrong, for each model and in total, and what to set.

A row's error is (estimated typical - measured) / measured. Measured is within the estimate where it lies between the
least and the most of low, typical and high. What was measured has taught something: how far autoscalers really stand
between their bounds, how busy GPUs are, and what a replica yields; those come back as settings that one may take over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from infra.cost.allocations import IDLE, Allocation
from infra.cost.money import HOURS_PER_WEEK, Range, total
from infra.cost.report import ModelCost, Report
from infra.cost.shared import SHARED
from infra.cost.types import Kind

TOTAL: Final = "total"
IDLE_ROW: Final = "idle"
FEWEST_HOURS: Final = HOURS_PER_WEEK
"""Of a window: less than a week is no sample of a month."""
HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Row:
    """One model, what is shared, or the total. Cents a month; `error_percent` None where nothing was measured."""

    name: str
    estimated: Range
    measured_cents: int
    error_percent: Fraction | None
    is_within: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A setting that what was measured speaks for."""

    setting: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All of it; the last row is the total."""

    rows: tuple[Row, ...]
    suggestions: tuple[Suggestion, ...]
    warnings: tuple[str, ...]


def reconcile(
    report: Report, measured: Sequence[Allocation], tokens: Mapping[str, int] | None = None
) -> Reconciliation:
    """`tokens`: read and written by each model in the same windows, where the servers' counters are at hand."""
    by_model: dict[str, int] = {}
    known = {row.name for row in report.models}
    for each in measured:
        name = _name(each, known)
        by_model[name] = by_model.get(name, 0) + each.month_cents
    estimated = _estimated(report, has_idle=IDLE_ROW in by_model)
    names = list(dict.fromkeys([*estimated, *by_model]))
    rows = [_row(name, estimated.get(name, Range()), by_model.get(name, 0)) for name in names]
    whole = _row(TOTAL, total(list(estimated.values())), sum(by_model.values()))
    return Reconciliation(
        (*rows, whole), tuple(_suggestions(report, measured, tokens or {})), tuple(_warnings(measured))
    )


def _estimated(report: Report, *, has_idle: bool) -> dict[str, Range]:
    """By row. Where OpenCost tells idle apart, so does this: else it is in what each model pays."""
    if not has_idle:
        return {row.name: row.cost for row in report.models}
    idle = {row.name: row.by_kind.get(Kind.IDLE, Range()) for row in report.models}
    rows = {row.name: row.cost - idle[row.name] for row in report.models}
    return {**rows, IDLE_ROW: total(list(idle.values()))}


def _name(of: Allocation, known: set[str]) -> str:
    """As the estimate's rows are named: the model, the workload's id, else shared."""
    if of.name.endswith(IDLE):
        return IDLE_ROW
    workload = f"{of.namespace}/{of.controller}"
    return of.model if of.model in known and of.model else workload if workload in known else SHARED


def _row(name: str, estimated: Range, measured_cents: int) -> Row:
    error = Fraction((estimated.typical_cents - measured_cents) * 100, measured_cents) if measured_cents else None
    is_within = min(_cents(estimated)) <= measured_cents <= max(_cents(estimated))
    return Row(name, estimated, measured_cents, error, is_within)


def _cents(estimated: Range) -> tuple[int, int, int]:
    """The low month is the stack's cheapest, not each model's: one may then be on a dearer node than typically."""
    return estimated.low_cents, estimated.typical_cents, estimated.high_cents


def _suggestions(report: Report, measured: Sequence[Allocation], tokens: Mapping[str, int]) -> Iterator[Suggestion]:
    rows = {row.name: row for row in report.models}
    for name, own in _by_model(measured).items():
        row = rows.get(name)
        if row is not None:
            yield from _of_model(name, row, own, tokens.get(name))


def _of_model(name: str, row: ModelCost, own: Sequence[Allocation], tokens: int | None) -> Iterator[Suggestion]:
    replica_hours, hours = sum((each.replica_hours for each in own), start=Fraction(0)), own[0].hours
    least, _, most = row.replicas
    if most > least and replica_hours:
        mean = replica_hours / hours
        load = min(max((mean - least) / (most - least), Fraction(0)), Fraction(1))
        why = f"{name} ran {float(mean):.1f} replicas on average, between {least} and {most}"
        yield Suggestion("working_time_load and other_time_load, on average", f"{float(load):.2f}", why)
    busy = _mean_busy(own)
    if busy is not None:
        yield Suggestion(f"traffic.{name}.utilisation", f"{float(busy):.2f}", "mean share of the time its GPUs worked")
    if tokens and replica_hours and busy:
        yields = tokens / (replica_hours * HOUR_S * busy)
        why = f"{tokens:,} tokens in {float(replica_hours):.0f} replica hours, busy {float(busy):.0%} of them"
        yield Suggestion(f"throughput of {name}, tokens a second", f"{float(yields):.0f}", why)


def _by_model(measured: Sequence[Allocation]) -> Mapping[str, list[Allocation]]:
    found: dict[str, list[Allocation]] = {}
    for each in measured:
        if each.model:
            found.setdefault(each.model, []).append(each)
    return found


def _mean_busy(own: Sequence[Allocation]) -> Fraction | None:
    known = [(each.gpu_busy, each.gpu_hours) for each in own if each.gpu_busy is not None]
    hours = sum((each for _, each in known), start=Fraction(0))
    return sum((busy * each for busy, each in known), start=Fraction(0)) / hours if hours else None


def _warnings(measured: Sequence[Allocation]) -> Iterator[str]:
    hours = measured[0].hours if measured else Fraction(0)
    if hours < FEWEST_HOURS:
        yield f"the windows have {float(hours):.0f} hours: less than a week tells little of a month"
