"""What a report says to people, as tables of words: terminal, Markdown and HTML show the same, each in its own way.

The order is that of a reader who has ten seconds, then a minute, then doubts: total, models, why it changed, budgets;
nodes, steps, spot; what is missing, and what was assumed. A section without rows is left out by every format.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.cost.money import Range
from infra.cost.report import Report, TokenCost
from infra.cost.reports import node_sections, words
from infra.cost.reports.section import Column, Section
from infra.cost.reports.words import NOTHING, change, money, plain, rate


def sections(report: Report) -> list[Section]:
    """All tables that have rows, in their order."""
    every = (
        _models(report),
        _changes(report),
        _budgets(report),
        _checks(report),
        _unpriced(report),
        _unplaced(report),
        node_sections.spot(report),
        node_sections.nodes(report),
        node_sections.idle(report),
        node_sections.steps(report),
        node_sections.cold_starts(report),
        _tokens(report),
        _kinds(report),
        _namespaces(report),
        _drivers(report),
    )
    return [section for section in every if section.rows]


def _models(report: Report) -> Section:
    currency, has_before = report.currency, report.before is not None
    columns = (
        Column("Model"),
        Column("Runs on", is_extra=True),
        Column("Replicas least / typical / most", is_number=True),
        Column("Spot", is_number=True, is_extra=True),
        *(Column(name, is_number=True, is_extra=True) for name, _ in words.GROUPS),
        Column("Typical", is_number=True),
        Column("High", is_number=True),
        Column("Per 1M tokens, alloc / usage", is_number=True, is_extra=True),
        Column("Change", is_number=True),
    )
    rows = []
    for row in report.models:
        moved = words.difference(row, has_before=has_before)
        rows.append(
            (
                plain(row.name),
                plain(row.gpu) or NOTHING,
                words.replicas(row),
                f"{row.spot_percent} %" if row.spot_percent else NOTHING,
                *(money(words.of_kinds(row, kinds), currency) for _, kinds in words.GROUPS),
                money(row.cost.typical_cents, currency),
                money(row.cost.high_cents, currency),
                words.tokens(row.tokens, currency),
                NOTHING if moved is None else change(moved, currency),
            )
        )
    return Section("By model, a month", columns, tuple(rows))


def _changes(report: Report) -> Section:
    columns = (Column("What"), Column("Field"), Column("From"), Column("To"), Column("Cost a month", is_number=True))
    dearest = sorted(report.changes, key=lambda each: -abs(each.cost.typical_cents))
    rows = tuple(
        (
            plain(each.subject),
            plain(each.field),
            plain(each.before) or NOTHING,
            plain(each.after) or NOTHING,
            change(each.cost.typical_cents, report.currency),
        )
        for each in dearest
    )
    return Section("Why it changed", columns, rows)


def _budgets(report: Report) -> Section:
    columns = (Column("Budget"), Column("Limit", is_number=True), Column("Cost", is_number=True), Column("Verdict"))
    rows = tuple(
        (
            plain(each.name),
            words.budget_limit(each, report.currency),
            money(each.actual_cents, report.currency),
            f"{words.VERDICTS[each.gate]}: {plain(each.message)}",
        )
        for each in report.budgets
    )
    return Section("Budgets", columns, rows)


def _checks(report: Report) -> Section:
    columns = (Column("Source"), Column("Verdict"))
    rows = tuple((plain(each.name), f"{words.VERDICTS[each.gate]}: {plain(each.message)}") for each in report.checks)
    return Section("What was read", columns, rows)


def _unpriced(report: Report) -> Section:
    columns = (Column("What"), Column("Why"), Column("Makes the total wrong"))
    by_weight = sorted(report.unpriced, key=lambda each: not each.is_total_wrong)
    rows = tuple((plain(each.id), plain(each.reason), "yes" if each.is_total_wrong else "no") for each in by_weight)
    return Section("Not priced", columns, rows)


def _unplaced(report: Report) -> Section:
    columns = (Column("Workload"), Column("Pods", is_number=True), Column("Why"))
    rows = tuple((plain(workload.id), f"{count:,}", plain(why)) for workload, count, why in report.unplaced)
    return Section("Fits nowhere", columns, rows)


def _tokens(report: Report) -> Section:
    columns = (
        Column("Model"),
        Column("Tokens/s of a replica", is_number=True),
        Column("Busy", is_number=True),
        Column("Hosted, per 1M", is_number=True),
        Column("Cheaper than hosted from", is_number=True),
        Column("Hosted is", is_extra=True),
        Column("Throughput is", is_extra=True),
    )
    rows = tuple(
        (
            plain(row.name),
            f"{float(row.tokens.tokens_s):,.0f}",
            f"{float(row.tokens.utilisation):.0%}".replace("%", " %"),
            NOTHING if row.tokens.api_price is None else rate(row.tokens.api_price, report.currency),
            _break_even(row.tokens),
            plain(row.tokens.api_name or "") or NOTHING,
            plain(row.tokens.source),
        )
        for row in report.models
        if row.tokens is not None
    )
    return Section("Tokens", columns, rows, is_detail=True)


def _break_even(tokens: TokenCost) -> str:
    if tokens.break_even_tokens is None:
        return NOTHING
    return f"{tokens.break_even_tokens / 1e9:,.2f} billion a month"


def _kinds(report: Report) -> Section:
    before = dict(words.by_kind(report.before)) if report.before else {}
    columns = (Column("Kind"), *_range_columns(), *([Column("Change", is_number=True)] if report.before else []))
    rows = []
    for kind, cost in words.by_kind(report.after):
        moved = cost.typical_cents - (before[kind].typical_cents if kind in before else 0)
        rows.append((kind.value, *_range(report, cost), *([change(moved, report.currency)] if report.before else [])))
    return Section("By kind", columns, tuple(rows), is_detail=True)


def _namespaces(report: Report) -> Section:
    rows = tuple((plain(name), *_range(report, cost)) for name, cost in words.by_namespace(report.after))
    return Section("By namespace", (Column("Namespace"), *_range_columns()), rows, is_detail=True)


def _drivers(report: Report) -> Section:
    columns = (Column("Input"), Column("At its least", is_number=True), Column("At its most", is_number=True))
    rows = tuple(
        (plain(each.name), money(each.low_cents, report.currency), money(each.high_cents, report.currency))
        for each in report.drivers
    )
    return Section("What moves the total", columns, rows, is_detail=True)


def _range_columns() -> Iterator[Column]:
    return (Column(name, is_number=True) for name in ("Low", "Typical", "High"))


def _range(report: Report, cost: Range) -> Iterator[str]:
    cents = (cost.low_cents, cost.typical_cents, cost.high_cents)
    return (money(each, report.currency) for each in cents)
