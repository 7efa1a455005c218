"""Findings as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slipway.doctor.finding import FINE, OPTIONAL_LACKS, Finding, State, status

STYLES: Final = {State.HAS: "green", State.LACKS: "yellow", State.UNSURE: "cyan"}
PIPED_WIDTH: Final = 400
"""Nobody folds what a program reads."""


def table(findings: Sequence[Finding], server: str, stack: str, out: TextIO) -> None:
    """All of them, and one line of verdict."""
    console = Console(file=out, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=out, highlight=False, markup=False, emoji=False, width=PIPED_WIDTH, no_color=True)
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "what", "found", "without it", "setting"):
        shown.add_column(heading, overflow="fold")
    for each in findings:
        lacks = each.state is not State.HAS
        style = "bold red" if each.state is State.LACKS and each.is_needed else STYLES[each.state]
        mark = f"{each.state}{' !' if lacks and each.is_needed else ''}"
        cells = (each.subject, each.said, each.without if lacks else "", each.setting if lacks else "")
        shown.add_row(Text(mark, style=style), *map(Text, cells))
    console.print(Text(f"{server}{f', for the stack {stack}' if stack else ''}", style="bold"))
    console.print(shown)
    console.print(verdict(findings, stack))


def verdict(findings: Sequence[Finding], stack: str) -> str:
    """In one sentence."""
    found = status(findings)
    if found == FINE:
        return "Nothing lacks."
    if found == OPTIONAL_LACKS:
        return "What is needed is there." if stack else "Kubernetes itself will do; --stack tells what a stack needs."
    needed = [each.subject for each in findings if each.is_needed and each.state is State.LACKS]
    return f"Lacking, and needed{f' by the stack {stack}' if stack else ''}: {', '.join(dict.fromkeys(needed))}."


def as_json(findings: Sequence[Finding], server: str, stack: str) -> str:
    """One document, ending with a line feed."""
    document = {
        "server": server,
        "stack": stack or None,
        "status": status(findings),
        "findings": [asdict(each) for each in findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
