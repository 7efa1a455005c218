"""The comment on a pull request: one per stack, found again by its marker, and never larger than GitHub takes.

GitHub refuses a comment of more than 65,536 characters, so rows are left out until it fits, the same share of every
table, and the report says how many. Names are shown as code: nothing in a manifest can mention anybody, link, or end
the table that it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from infra.cost.report import Gate, Report
from infra.cost.reports import summary, words
from infra.cost.reports.section import Section
from infra.cost.reports.sections import sections
from infra.cost.reports.words import counted, plain

MAX_BYTES: Final = 65_000
"""Below GitHub's 65,536 characters, however they are counted."""
MAX_CELL: Final = 160
"""Characters of one cell: a name of a Kubernetes object has at most 253, and need not be read to its end."""
ROW_LIMITS: Final = (100, 50, 25, 12, 6, 3, 1)
SIGNS: Final = {Gate.PASS: "✅", Gate.WARNING: "⚠️", Gate.CRITICAL: "🟠", Gate.EXCEEDED: "❌"}
_SPECIAL: Final = re.compile(r"([\\`*_\[\]|~])")
_ALIVE: Final = re.compile(r"([@#:])(?=[\w/])")
_NOT_IN_MARKER: Final = re.compile(r"[^\w./-]")


def marker(stack: str) -> str:
    """By which a stack's comment is found again."""
    return f"<!-- slipway-cost: {_NOT_IN_MARKER.sub('_', stack)} -->"


def render(report: Report, *, more: str = "", max_bytes: int = MAX_BYTES) -> str:
    """The whole comment. `more` is Markdown that another check adds at the end."""
    texts = (_text(report, limit, more) for limit in ROW_LIMITS)
    return next((text for text in texts if len(text.encode()) <= max_bytes), _smallest(report))


def code(text: str) -> str:
    """A name as code."""
    return f"`{_clip(plain(text)).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def sentence(text: str) -> str:
    """Words in which nothing is formatted, linked or mentioned."""
    safe = _clip(plain(text), 4 * MAX_CELL).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _ALIVE.sub("\\1\N{ZERO WIDTH SPACE}", _SPECIAL.sub(r"\\\1", safe))


def _text(report: Report, limit: int, more: str) -> str:
    found = sections(report)
    blocks = [
        *_head(report),
        *(block for section in found if not section.is_detail for block in _table(section, limit)),
        *_listed("Warnings", report.warnings, limit),
        *_folded(_details(report, [section for section in found if section.is_detail], limit)),
        *([more] if more else []),
        _foot(report),
    ]
    return "\n\n".join(blocks) + "\n"


def _smallest(report: Report) -> str:
    """What always fits."""
    return "\n\n".join([*_head(report), "The tables are too large for a comment.", _foot(report)]) + "\n"


def _head(report: Report) -> list[str]:
    labels, values = zip(*summary.head(report), strict=True)
    table = "\n".join([_row(labels), _row(["--:"] * 5 + ["---"]), _row([sentence(value) for value in values])])
    notes = [f"- {sentence(note)}" for note in summary.notes(report)]
    verdict = f"## {SIGNS[report.gate]} Cost of stack {code(report.stack)}: {words.VERDICTS[report.gate]}"
    return [f"{marker(report.stack)}\n{verdict}", table, *(["\n".join(notes)] if notes else [])]


def _table(section: Section, limit: int) -> list[str]:
    lines = [
        _row([column.name for column in section.columns]),
        _row(["--:" if column.is_number else "---" for column in section.columns]),
        *(_row([_name(row[0]), *map(sentence, row[1:])]) for row in section.rows[:limit]),
    ]
    return [f"### {section.title}", "\n".join(lines), *_left_out(len(section.rows) - limit, "row")]


def _name(text: str) -> str:
    return sentence(text) if text == words.NOTHING else code(text)


def _listed(title: str, lines: Iterable[str], limit: int) -> list[str]:
    every = list(lines)
    if not every:
        return []
    shown = "\n".join(f"- {sentence(line)}" for line in every[:limit])
    return [f"### {title}", shown, *_left_out(len(every) - limit, "line")]


def _left_out(number: int, noun: str) -> list[str]:
    return [f"and {counted(number, f'more {noun}')}: `slipway cost` shows all."] if number > 0 else []


def _details(report: Report, found: Iterable[Section], limit: int) -> Iterator[str]:
    for section in found:
        yield from _table(section, limit)
    yield from _listed("Assumptions", report.assumptions, limit)
    yield from _listed("Sources of prices", report.prices.sources, limit)


def _folded(blocks: Iterable[str]) -> list[str]:
    every = list(blocks)
    return ["<details>\n<summary>Details and assumptions</summary>", *every, "</details>"] if every else []


def _foot(report: Report) -> str:
    return f"<sub>{sentence(words.prices_line(report))}. Money is {sentence(report.currency)} a month.</sub>"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _clip(text: str, most: int = MAX_CELL) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
