"""One line of CSV for each line of the estimate; money with cents. For spreadsheets, and for sums of one's own.

The lines add up to the total exactly. A cell that a spreadsheet would take for a formula is marked as text: names come
from manifests.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from infra.cost.report import Report
from infra.cost.reports import words
from infra.cost.types import Estimate, Line

COLUMNS: Final = (
    "stack", "state", "namespace", "model", "workload", "kind", "name", "unit", "quantity", "price", "low", "typical",
    "high", "currency", "confidence", "driver", "note",
)  # fmt: skip
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def render(report: Report) -> str:
    """Lines of what is before, if that is known, then of what comes after."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for state, estimate in (("before", report.before), ("after", report.after)):
        writer.writerows(_rows(report, state, estimate))
    return out.getvalue()


def _rows(report: Report, state: str, estimate: Estimate | None) -> list[list[str]]:
    return [_row(report, state, line) for line in estimate.lines] if estimate else []


def _row(report: Report, state: str, line: Line) -> list[str]:
    texts = (
        report.stack,
        state,
        line.namespace,
        line.model or "",
        line.workload,
        line.kind.value,
        line.name,
        line.unit,
    )
    money = (line.cost.low_cents, line.cost.typical_cents, line.cost.high_cents)
    rest = (report.currency, line.confidence.value, line.driver, line.note)
    return [
        *map(_text, texts),
        words.exact(line.quantity),
        words.exact(line.price),
        *map(words.units, money),
        *map(_text, rest),
    ]


def _text(value: str) -> str:
    text = words.plain(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
