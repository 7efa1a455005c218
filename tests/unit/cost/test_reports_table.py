"""The report on a terminal and in a pipe."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from rich.console import Console

from infra.cost.reports import table
from infra.cost.reports.sections import sections
from tests.unit.cost import samples

GOLDEN = Path(__file__).parent / "golden" / "report.txt"


class Terminal(io.StringIO):
    """Text that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO) -> str:
    """What is printed."""
    table.show(samples.report(), out)
    return out.getvalue()


def test_piped_text_is_the_golden_one() -> None:
    """UPDATE_GOLDEN=1 writes it anew; the difference is what a reviewer should look at."""
    text = "\n".join(line.rstrip() for line in shown(io.StringIO()).splitlines()) + "\n"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_piped_text_has_no_colour_and_folds_nothing() -> None:
    """A row is a line, whatever COLUMNS says."""
    text = shown(io.StringIO())
    assert "\x1b" not in text
    assert any("llama" in line and "1 x NVIDIA-A10G" in line and "+$450" in line for line in text.splitlines())


def test_a_terminal_gets_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict is red."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;31mexceeded" in shown(Terminal())


def test_a_narrow_terminal_gets_fewer_columns() -> None:
    """What may be left out, is: no column is squeezed to nothing."""
    narrow, wide = (Console(file=io.StringIO(), width=width, force_terminal=True) for width in (80, 200))
    section = sections(samples.report())[0]
    counts = [len(table._table(section, console).columns) for console in (narrow, wide)]
    assert counts == [5, len(section.columns)]


def test_hostile_names_change_nothing_on_a_terminal() -> None:
    """Neither control characters nor rich's own markup."""
    out = io.StringIO()
    table.show(samples.evil(), out)
    assert "\x1b" not in out.getvalue()
    assert "[a](http://evil)" in out.getvalue()
