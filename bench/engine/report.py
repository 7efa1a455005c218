"""What was measured, as a table for people and one line of JSON for machines. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.engine.pairing import Ratio


@dataclass(frozen=True, slots=True)
class Target:
    """What the ratio should be at least, or at most."""

    bound: float
    is_floor: bool

    def is_reached(self, value: float) -> bool:
        """Is it?"""
        return value >= self.bound if self.is_floor else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.is_floor else '≤'} {self.bound:g}"


def at_least(bound: float) -> Target:
    """For speed."""
    return Target(bound, is_floor=True)


def at_most(bound: float) -> Target:
    """For time and memory."""
    return Target(bound, is_floor=False)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: ours beside a peer, or, where there is none, a value of ours alone."""

    what: str
    unit: str
    peer: str
    ratio: Ratio
    target: Target | None = None
    """None: told, not promised."""

    @property
    def reached(self) -> bool | None:
        """None: no target."""
        return None if self.target is None else self.target.is_reached(self.ratio.median)


HEAD = ("measurement", "ours", "peer's", "ratio", "least-most", "pairs", "target", "reached", "peer")


def table(rows: Sequence[Row]) -> str:
    """Aligned columns."""
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def json_line(rows: Sequence[Row], hardware: Mapping[str, object]) -> str:
    """Everything, on one line."""
    return json.dumps({"measurements": [_plain(row) for row in rows], "hardware": dict(hardware)}, ensure_ascii=False)


def number(value: float) -> str:
    """Three digits that mean something: 0.123, 12.3, 1230."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cells(row: Row) -> tuple[str, ...]:
    found = row.ratio
    reached = {True: "yes", False: "NO", None: ""}[row.reached]
    return (
        row.what,
        f"{number(found.ours)} {row.unit}".strip(),
        f"{number(found.peer)} {row.unit}".strip(),
        f"{found.median:.3f}",
        f"{found.least:.2f}-{found.most:.2f}",
        str(found.num_pairs),
        str(row.target or ""),
        reached,
        row.peer,
    )


def _plain(row: Row) -> dict[str, object]:
    found = row.ratio
    return {
        "what": row.what,
        "unit": row.unit,
        "peer": row.peer,
        "ours": round(found.ours, 4),
        "peers": round(found.peer, 4),
        "ratio": round(found.median, 4),
        "ratio_least_and_most": [round(found.least, 4), round(found.most, 4)],
        "pairs": found.num_pairs,
        "target": None if row.target is None else str(row.target),
        "reached": row.reached,
    }
