"""How things are shown at a terminal: sizes, times, tables. Pure; nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_UNITS = ("B", "kB", "MB", "GB", "TB")
# A terminal obeys some of them: what a model or a server says must not move its cursor or set its title.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """Without control characters, but for line ends and tabs."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def size(num_bytes: float) -> str:
    """By thousands, as Hugging Face shows files."""
    value, unit = float(num_bytes), _UNITS[0]
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1000
    return f"{value:.1f} {unit}" if value < 10 and unit != "B" else f"{value:.0f} {unit}"


def duration(seconds: float) -> str:
    """Short, with what one can feel."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, right: frozenset[str] = frozenset()) -> str:
    """Columns two blanks apart; those in `right` end together, as numbers do."""
    lines = [list(head), *([clean(cell).replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(len(line[index]) for line in lines) for index in range(len(head))]

    def one(line: list[str]) -> str:
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(line, widths, head, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join(map(one, lines))
