"""What was measured, as a table for people and one line of JSON for machines. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.engine.report import Target, number


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the same measured several times. The median counts, with the least and the most beside it."""

    what: str
    unit: str
    values: tuple[float, ...]
    target: Target | None = None
    """None: told, not promised."""
    note: str = ""

    @property
    def value(self) -> float:
        """What counts."""
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        """None: no target."""
        return None if self.target is None else self.target.is_reached(self.value)


HEAD = ("measurement", "median", "least-most", "times", "target", "reached", "note")


def table(rows: Sequence[Row]) -> str:
    """Aligned columns."""
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def json_line(rows: Sequence[Row], about: Mapping[str, object]) -> str:
    """Everything, on one line."""
    return json.dumps({"measurements": [_plain(row) for row in rows], "hardware": dict(about)}, ensure_ascii=False)


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of all is not above."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        f"{number(row.value)} {row.unit}".strip(),
        f"{number(min(row.values))}-{number(max(row.values))}",
        str(len(row.values)),
        str(row.target or ""),
        {True: "yes", False: "NO", None: ""}[row.reached],
        row.note,
    )


def _plain(row: Row) -> dict[str, object]:
    return {
        "what": row.what,
        "unit": row.unit,
        "value": round(row.value, 5),
        "values": [round(value, 5) for value in row.values],
        "target": None if row.target is None else str(row.target),
        "reached": row.reached,
        "note": row.note,
    }
