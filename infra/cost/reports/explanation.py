"""How one model's cost comes about: every line with its quantity and price, and what else of the report is about it."""

from __future__ import annotations

from infra.cost.report import ModelCost, Report
from infra.cost.reports.section import Column, Section
from infra.cost.reports.sections import sections
from infra.cost.reports.words import exact, money, plain, rate
from infra.cost.types import Line

ABOUT = (
    "Why it changed",
    "Spot",
    "When the next node is bought",
    "Cold starts",
    "Tokens",
    "Not priced",
    "Fits nowhere",
)
"""Tables whose rows name a model or its workload in the first column."""


def names(report: Report) -> list[str]:
    """What can be explained."""
    return [row.name for row in report.models]


def explain(report: Report, row: ModelCost) -> list[Section]:
    """The lines first: they add up to the model's cost."""
    lines = [line for line in report.after.lines if _is_of(line, row)]
    workloads = {line.workload for line in lines if line.workload} | {row.name}
    every = {section.title: section for section in sections(report)}
    about = [_only(every[title], workloads) for title in ABOUT if title in every]
    head = [_only(section, {row.name}) for section in sections(report)[:1]]
    return [section for section in (*head, _lines(lines, report.currency), *about) if section.rows]


def _is_of(line: Line, row: ModelCost) -> bool:
    if line.model is not None:
        return line.model == row.name
    return line.workload == row.name if line.workload else row.name == "shared"


def _lines(lines: list[Line], currency: str) -> Section:
    columns = (
        Column("Kind"),
        Column("What"),
        Column("Quantity", is_number=True),
        Column("Unit"),
        Column("Price", is_number=True),
        Column("Low", is_number=True),
        Column("Typical", is_number=True),
        Column("High", is_number=True),
        Column("Price is", is_extra=True),
        Column("Moved by", is_extra=True),
        Column("Note", is_extra=True),
    )
    rows = tuple(
        (
            line.kind.value,
            plain(line.name),
            exact(line.quantity, 2),
            plain(line.unit),
            rate(line.price, currency),
            *(money(cents, currency) for cents in (line.cost.low_cents, line.cost.typical_cents, line.cost.high_cents)),
            line.confidence.value,
            plain(line.driver),
            plain(line.note),
        )
        for line in lines
    )
    return Section("Lines: quantity x price = typical", columns, rows)


def _only(section: Section, subjects: set[str]) -> Section:
    rows = tuple(row for row in section.rows if row[0] in subjects or row[0].rpartition(" ")[2] in subjects)
    return Section(section.title, section.columns, rows, section.is_detail)
