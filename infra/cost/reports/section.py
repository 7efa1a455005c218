"""What a table of a report is, before any format has seen it."""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers stand at the right. `is_extra` may be left out where there is little room."""

    name: str
    is_number: bool = False
    is_extra: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A table. `is_detail`: only who has doubts needs it."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    is_detail: bool = False
