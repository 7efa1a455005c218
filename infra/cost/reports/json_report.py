"""For programs: all that a report knows. What it says is fixed by `schema.json`; `version` changes when a reader would.

Money is whole cents, so that no reader has to round; prices and quantities are decimal text, so that none loses digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from infra.cost.money import Range
from infra.cost.report import ModelCost, NodeUse, Report, TokenCost
from infra.cost.reports import words
from infra.cost.reports.words import exact, plain
from infra.cost.types import Estimate, Kind, Line

VERSION: Final = 1


def render(report: Report) -> str:
    """The report as JSON."""
    return json.dumps(data(report), indent=2, ensure_ascii=False) + "\n"


def data(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "version": VERSION,
        "stack": plain(report.stack),
        "currency": report.currency,
        "gate": report.gate.value,
        "exitCode": words.EXIT_CODES[report.gate],
        "before": _estimate(report.before) if report.before else None,
        "after": _estimate(report.after),
        "difference": _range(report.after.cost - report.before.cost) if report.before else None,
        "models": [_model(row) for row in report.models],
        "changes": [
            {
                "subject": plain(each.subject),
                "field": plain(each.field),
                "before": plain(each.before),
                "after": plain(each.after),
                "cost": _range(each.cost),
            }
            for each in report.changes
        ],
        "budgets": [
            {
                "name": plain(each.name),
                "limitCents": each.limit_cents,
                "actualCents": each.actual_cents,
                "gate": each.gate.value,
                "message": plain(each.message),
            }
            for each in report.budgets
        ],
        "checks": [
            {"name": plain(each.name), "gate": each.gate.value, "message": plain(each.message)}
            for each in report.checks
        ],
        "nodes": [_node(use) for use in report.nodes],
        "idle": [
            {
                "pool": plain(each.pool),
                "type": plain(each.type),
                "count": each.count,
                "pods": plain(each.pods),
                "leftOver": plain(each.left_over),
                "idleCents": each.idle_cents,
                "idlePercent": each.idle_percent,
            }
            for each in report.idle
        ],
        "coldStarts": [
            {
                "workload": plain(each.workload),
                "events": exact(each.events, 3),
                "loadSeconds": each.load_s,
                "minutes": exact(each.minutes, 3),
            }
            for each in report.cold_starts
        ],
        "steps": [
            {
                "workload": plain(each.workload),
                "replicas": each.replicas,
                "nodes": each.num_nodes,
                "moreCents": each.cost_cents,
            }
            for each in report.steps
        ],
        "curves": [
            {
                "workload": plain(each.workload),
                "points": [dict(zip(("replicas", "nodes", "cents"), point, strict=True)) for point in each.points],
            }
            for each in report.curves
        ],
        "drivers": [
            {"name": plain(each.name), "lowCents": each.low_cents, "highCents": each.high_cents}
            for each in report.drivers
        ],
        "spot": [
            {
                "workload": plain(each.workload),
                "sharePercent": each.share_percent,
                "fallbackPercent": each.fallback_percent,
                "priceLow": exact(each.price_low),
                "priceHigh": exact(each.price_high),
                "reclaimMinutes": exact(each.reclaim_minutes, 3),
                "note": plain(each.note),
            }
            for each in report.spot
        ],
        "weekCents": [_by_kind(hour) for hour in report.week_cents],
        "scheduleSavingCents": report.schedule_saving_cents,
        "prices": {
            "version": plain(report.prices.version),
            "sha256": plain(report.prices.sha256),
            "date": words.date(report.prices.date),
            "ageDays": report.prices.age_days,
            "gate": report.price_gate.value,
            "sources": [plain(each) for each in report.prices.sources],
        },
        "unplaced": [
            {"workload": plain(workload.id), "pods": count, "reason": plain(why)}
            for workload, count, why in report.unplaced
        ],
        "warnings": [plain(each) for each in report.warnings],
        "assumptions": [plain(each) for each in report.assumptions],
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "cost": _range(estimate.cost),
        "p50Cents": estimate.p50_cents,
        "p90Cents": estimate.p90_cents,
        "byKind": {kind.value: _range(cost) for kind, cost in words.by_kind(estimate)},
        "byNamespace": {plain(name): _range(cost) for name, cost in words.by_namespace(estimate)},
        "lines": [_line(line) for line in estimate.lines],
        "unpriced": [
            {"id": plain(each.id), "reason": plain(each.reason), "isTotalWrong": each.is_total_wrong}
            for each in estimate.unpriced
        ],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "kind": line.kind.value,
        "name": plain(line.name),
        "namespace": plain(line.namespace) or None,
        "model": plain(line.model) if line.model else None,
        "workload": plain(line.workload) or None,
        "cost": _range(line.cost),
        "unit": line.unit,
        "quantity": exact(line.quantity),
        "price": exact(line.price),
        "confidence": line.confidence.value,
        "driver": plain(line.driver),
        "note": plain(line.note),
    }


def _model(row: ModelCost) -> dict[str, Any]:
    return {
        "name": plain(row.name),
        "gpu": plain(row.gpu) or None,
        "replicas": dict(zip(("least", "typical", "most"), row.replicas, strict=True)),
        "spotPercent": row.spot_percent,
        "cost": _range(row.cost),
        "before": _range(row.before) if row.before else None,
        "byKind": {kind.value: _range(cost) for kind, cost in row.by_kind.items() if cost != Range()},
        "tokens": _tokens(row.tokens) if row.tokens else None,
    }


def _tokens(tokens: TokenCost) -> dict[str, Any]:
    return {
        "allocationPerMillion": exact(tokens.allocation),
        "usagePerMillion": exact(tokens.usage),
        "tokensPerSecond": exact(tokens.tokens_s),
        "utilisation": exact(tokens.utilisation),
        "source": plain(tokens.source),
        "isMeasured": tokens.is_measured,
        "api": {"name": plain(tokens.api_name or ""), "perMillion": exact(tokens.api_price)}
        if tokens.api_price is not None
        else None,
        "breakEvenTokens": tokens.break_even_tokens,
    }


def _node(use: NodeUse) -> dict[str, Any]:
    return {
        "pool": plain(use.pool),
        "type": plain(use.type),
        "capacity": use.capacity,
        "count": dict(zip(("low", "typical", "high"), use.count, strict=True)),
        "priceHour": exact(use.price_hour) if use.price_hour is not None else None,
        "idleCents": use.idle_cents,
        "idlePercent": use.idle_percent,
        "causedBy": plain(use.caused_by),
        "hint": plain(use.hint),
    }


def _range(cost: Range) -> dict[str, int]:
    return {"lowCents": cost.low_cents, "typicalCents": cost.typical_cents, "highCents": cost.high_cents}


def _by_kind(hour: Mapping[Kind, int]) -> dict[str, int]:
    return {kind.value: cents for kind, cents in hour.items() if cents}
