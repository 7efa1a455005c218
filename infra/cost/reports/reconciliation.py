"""The estimate beside what OpenCost measured, for people and for programs."""

from __future__ import annotations

import json
from typing import TextIO

from infra.cost.money import Range
from infra.cost.reconcile import Reconciliation, Row
from infra.cost.reports import table
from infra.cost.reports.section import Column, Section
from infra.cost.reports.words import NOTHING, decimal, exact, money, plain, span


def show(found: Reconciliation, currency: str, out: TextIO) -> None:
    """As tables."""
    table.show_sections("Estimate and OpenCost, a month", sections(found, currency), found.warnings, out)


def sections(found: Reconciliation, currency: str) -> list[Section]:
    """The rows, and what they suggest to set."""
    columns = (
        Column("Model"),
        Column("Estimated", is_number=True),
        Column("Range", is_number=True),
        Column("Measured", is_number=True),
        Column("Error", is_number=True),
        Column("Within the range"),
    )
    rows = tuple(
        (
            plain(row.name),
            money(row.estimated.typical_cents, currency),
            span(_widest(row.estimated), currency),
            money(row.measured_cents, currency),
            _error(row),
            "yes" if row.is_within else "no",
        )
        for row in found.rows
    )
    told = tuple((plain(each.setting), plain(each.value), plain(each.why)) for each in found.suggestions)
    names = (Column("Setting"), Column("Measured", is_number=True), Column("Because"))
    return [Section("By model", columns, rows), *([Section("What to set", names, told)] if told else [])]


def render_json(found: Reconciliation, currency: str) -> str:
    """Cents and percent for programs."""
    data = {
        "version": 1,
        "currency": currency,
        "rows": [
            {
                "name": plain(row.name),
                "lowCents": row.estimated.low_cents,
                "typicalCents": row.estimated.typical_cents,
                "highCents": row.estimated.high_cents,
                "measuredCents": row.measured_cents,
                "errorPercent": None if row.error_percent is None else exact(row.error_percent, 2),
                "isWithin": row.is_within,
            }
            for row in found.rows
        ],
        "suggestions": [
            {"setting": plain(each.setting), "value": plain(each.value), "why": plain(each.why)}
            for each in found.suggestions
        ],
        "warnings": [plain(each) for each in found.warnings],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _widest(estimated: Range) -> Range:
    """Of one model low may be above typical."""
    low, typical, high = sorted((estimated.low_cents, estimated.typical_cents, estimated.high_cents))
    return Range(low, typical, high)


def _error(row: Row) -> str:
    return NOTHING if row.error_percent is None else f"{decimal(row.error_percent, 1):+} %"
