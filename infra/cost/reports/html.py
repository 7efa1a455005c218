"""One page that stands alone: no script, no font, no image from anywhere; its own policy forbids to fetch any.

It can be kept as an artefact of a build and opened from a disk. Light and dark follow the reader's system; every plot
is described in words, and its figures are in a table, too. Everything that comes from a report is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Final

from infra.cost.report import Report
from infra.cost.reports import charts, summary, words
from infra.cost.reports.section import Section
from infra.cost.reports.sections import sections
from infra.cost.reports.words import plain

STYLE: Final = Path(__file__).parent / "page.css"
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
MAX_CURVES: Final = 12
"""Plots of workloads: those with the most to pay between least and most."""


def render(report: Report) -> str:
    """The whole page."""
    title = f"Cost of stack {escape(plain(report.stack))}"
    gate = report.gate
    verdict = f'<span class="verdict {gate.value}">{escape(words.VERDICTS[gate])}</span>'
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>",
            "</head>",
            "<body>",
            "<main>",
            f"<h1>{title} {verdict}</h1>",
            *_head(report),
            *_plots(report),
            *_tables(report),
            "</main>",
            f"<footer>{escape(words.prices_line(report))}. Money is {escape(plain(report.currency))} a month.</footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _head(report: Report) -> Iterator[str]:
    values = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>" for label, value in summary.head(report)
    )
    yield f'<dl class="head">{values}</dl>'
    yield from _list(summary.notes(report))


def _plots(report: Report) -> Iterator[str]:
    currency = report.currency
    if week := charts.week(report.week_cents, currency):
        yield "<h2>Cost by hour of the week</h2>"
        yield f'<figure>{week}<ul class="legend">{charts.legend(report.week_cents)}</ul></figure>'
    if report.curves:
        yield "<h2>Cost over replicas</h2>"
        yield "<p>All nodes of the stack, a month, by the replicas of one workload; dashed: a busy typical hour.</p>"
        yield f'<div class="curves">{"".join(_curves(report))}</div>'
    if tornado := charts.tornado(report.drivers, report.after.cost.typical_cents, currency):
        yield "<h2>What moves the total most</h2>"
        yield f"<figure>{tornado}</figure>"


def _curves(report: Report) -> Iterator[str]:
    rows = {row.name: row for row in report.models}
    widest = sorted(report.curves, key=lambda curve: curve.points[0][2] - curve.points[-1][2])
    for index, curve in enumerate(widest[:MAX_CURVES]):
        row = rows.get(curve.workload) or rows.get(curve.workload.rpartition("/")[2])
        svg = charts.envelope(curve, row, index, report.currency)
        yield f"<figure><figcaption>{escape(plain(curve.workload))}</figcaption>{svg}</figure>"


def _tables(report: Report) -> Iterator[str]:
    found = sections(report)
    for section in found:
        if not section.is_detail:
            yield from _table(section)
    if report.warnings:
        yield "<h2>Warnings</h2>"
        yield from _list(report.warnings)
    yield "<details><summary>Details and assumptions</summary>"
    for section in found:
        if section.is_detail:
            yield from _table(section)
    yield "<h2>Assumptions</h2>"
    yield from _list(report.assumptions)
    yield "<h2>Sources of prices</h2>"
    yield from _list(report.prices.sources)
    yield "</details>"


def _table(section: Section) -> Iterator[str]:
    yield f"<h2>{escape(section.title)}</h2>"
    classes = [' class="number"' if column.is_number else "" for column in section.columns]
    head = "".join(
        f'<th scope="col"{each}>{escape(column.name)}</th>'
        for each, column in zip(classes, section.columns, strict=True)
    )
    yield f'<div class="wide" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>'
    for row in section.rows:
        yield f"<tr>{''.join(f'<td{each}>{escape(cell)}</td>' for each, cell in zip(classes, row, strict=True))}</tr>"
    yield "</tbody></table></div>"


def _list(lines: Iterable[str]) -> Iterator[str]:
    every = "".join(f"<li>{escape(plain(line))}</li>" for line in lines)
    if every:
        yield f"<ul>{every}</ul>"
