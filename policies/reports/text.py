"""For people: verdicts by object, the worst first, and a sum. The same lines with and without colours."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from kube.printable import printable
from policies.evaluate import Verdict
from policies.judge import waits, waits_for
from policies.reports.report import Report, Status, place_of, title_of
from policies.settings import Level

_STYLES = {"mandatory": "bold red", "advisory": "yellow", "unknown": "cyan", "waived": "dim"}


def lines(report: Report) -> Iterator[Text]:
    """The whole report."""
    for verdicts in _by_object(report).values():
        yield _heading(verdicts[0])
        rows = _rows(sorted(verdicts, key=lambda each: _WORDS.index(_word(report, each))))
        width = max(len(_name(row)) for row in rows)
        for row in rows:
            yield _line(report, row, width)
        yield Text()
    for note in report.notes:
        yield Text(f"note: {printable(note.origin)}: {printable(note.message)}")
    for notice in report.notices:
        yield Text(f"note: {printable(notice)}")
    yield summary(report)
    if report.verdicts:
        yield Text("Why, and how to do it right: slipway policy explain RULE", style="dim")


def summary(report: Report) -> Text:
    """The last line: what was judged, what was found."""
    counts = {
        "mandatory": report.count(Status.VIOLATION, Level.MANDATORY),
        "advisory": report.count(Status.VIOLATION, Level.ADVISORY),
        "unknown": report.count(Status.UNKNOWN),
        "waived": report.count(Status.WAIVED),
    }
    text = Text(f"{_plural(report.num_objects, 'object')}, {_plural(len(report.rules), 'rule')}: ")
    for index, (word, count) in enumerate(counts.items()):
        text.append(", " if index else "")
        text.append(f"{count} {word}", style=_STYLES[word] if count else "")
    return text.append(". Not passed." if report.is_failed else ". Passed.")


_WORDS = tuple(_STYLES)


def _word(report: Report, verdict: Verdict) -> str:
    status = report.status(verdict)
    return verdict.level.value if status is Status.VIOLATION else status.value


def _by_object(report: Report) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in report.verdicts:
        found.setdefault(f"{verdict.object.origin} {verdict.object.id}", []).append(verdict)
    return found


def _heading(verdict: Verdict) -> Text:
    origin = printable(verdict.object.origin)
    text = Text(f"{origin}: " if origin else "")
    return text.append(title_of(verdict), style="bold")


def _rows(verdicts: list[Verdict]) -> list[list[Verdict]]:
    """One by one; what several rules wait for, such as the digest of an image, in one row."""
    rows: dict[object, list[Verdict]] = {}
    for index, verdict in enumerate(verdicts):
        rows.setdefault(verdict.path if waits(verdict) else index, []).append(verdict)
    return list(rows.values())


def _name(row: list[Verdict]) -> str:
    rules = {verdict.rule.id for verdict in row}
    return row[0].rule.id if len(rules) == 1 else _plural(len(rules), "rule")


def _line(report: Report, row: list[Verdict], width: int) -> Text:
    verdict = row[0]
    word, line = _word(report, verdict), place_of(verdict).line
    text = Text("  ").append(f"{word:<10}", style=_STYLES[word]).append(f"{_name(row):<{width + 1}}")
    where = " ".join(filter(None, [f"line {line}" if line else "", verdict.path]))
    what = verdict.message if len(row) == 1 else waits_for(row)
    return text.append(printable(f"{where}: {what}" if where else what))


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
