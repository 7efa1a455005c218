"""The report on a terminal; plain text, as wide as it needs, where it is piped into something."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from infra.cost.report import Gate, Report
from infra.cost.reports import summary, words
from infra.cost.reports.section import Column, Section
from infra.cost.reports.sections import sections
from infra.cost.reports.words import plain

STYLES: Final = {Gate.PASS: "green", Gate.WARNING: "yellow", Gate.CRITICAL: "dark_orange", Gate.EXCEEDED: "bold red"}
PIPED_WIDTH: Final = 400
"""Nobody folds what a program reads."""
NARROW: Final = 140
"""Below it, columns that may be left out are."""


def show(report: Report, out: TextIO) -> None:
    """Print it."""
    console = _console(out)
    verdict = Text(words.VERDICTS[report.gate], style=STYLES[report.gate])
    console.print(Text(f"Cost of stack {plain(report.stack)}, a month: ", style="bold").append_text(verdict))
    for label, value in summary.head(report):
        console.print(Text(f"  {label:<10}", style="dim").append(plain(value), style="default"))
    for note in summary.notes(report):
        console.print(Text(f"  {plain(note)}"))
    _sections(sections(report), console)
    _list("Warnings", report.warnings, console)
    _list("Assumptions", report.assumptions, console)
    _list("Prices", [words.prices_line(report), *report.prices.sources], console)


def show_sections(title: str, found: Iterable[Section], warnings: Iterable[str], out: TextIO) -> None:
    """Print tables alone."""
    console = _console(out)
    console.print(Text(plain(title), style="bold"))
    _sections(found, console)
    _list("Warnings", warnings, console)


def _console(out: TextIO) -> Console:
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    if console.is_terminal:
        return console
    return Console(file=out, highlight=False, markup=False, emoji=False, width=PIPED_WIDTH, no_color=True)


def _sections(found: Iterable[Section], console: Console) -> None:
    for section in found:
        console.print()
        console.print(Text(section.title, style="bold"))
        console.print(_table(section, console))


def _table(section: Section, console: Console) -> Table:
    is_narrow = console.width < NARROW
    shown = [index for index, column in enumerate(section.columns) if not (is_narrow and column.is_extra)]
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, header_style="dim")
    for index in shown:
        _add(table, section.columns[index])
    for row in section.rows:
        table.add_row(*(Text(row[index]) for index in shown))
    return table


def _add(table: Table, column: Column) -> None:
    table.add_column(Text(column.name), justify="right" if column.is_number else "left", no_wrap=column.is_number)


def _list(title: str, lines: Iterable[str], console: Console) -> None:
    every = list(lines)
    if every:
        console.print()
        console.print(Text(title, style="bold"))
    for line in every:
        console.print(Text(f"  {plain(line)}"))
