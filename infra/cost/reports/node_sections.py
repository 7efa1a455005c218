"""The tables about nodes: which are bought, what of them is idle, when the next one comes, spot, cold starts."""

from __future__ import annotations

from infra.cost.report import Report
from infra.cost.reports.section import Column, Section
from infra.cost.reports.words import NOTHING, change, money, plain, rate


def spot(report: Report) -> Section:
    """What spot means for each workload: price between zones, time without, minutes lost."""
    columns = (
        Column("Workload"),
        Column("On spot", is_number=True),
        Column("Node an hour", is_number=True),
        Column("Without spot", is_number=True),
        Column("Minutes a month lost to reclaims", is_number=True),
        Column("Note", is_extra=True),
    )
    rows = tuple(
        (
            plain(each.workload),
            f"{each.share_percent} %",
            f"{rate(each.price_low, report.currency)} to {rate(each.price_high, report.currency)}",
            f"{each.fallback_percent} % of the time",
            f"{float(each.reclaim_minutes):.1f}",
            plain(each.note),
        )
        for each in report.spot
    )
    return Section("Spot", columns, rows)


def nodes(report: Report) -> Section:
    """What is bought, what of it nobody uses, and which machine would be cheaper."""
    columns = (
        Column("Pool"),
        Column("Machine"),
        Column("Bought", is_extra=True),
        Column("Nodes low / typical / high", is_number=True),
        Column("An hour", is_number=True),
        Column("Idle a month", is_number=True),
        Column("Idle", is_number=True),
        Column("Because of", is_extra=True),
        Column("Cheaper", is_extra=True),
    )
    rows = tuple(
        (
            plain(each.pool),
            plain(each.type),
            plain(each.capacity),
            " / ".join(map(str, each.count)),
            NOTHING if each.price_hour is None else rate(each.price_hour, report.currency),
            money(each.idle_cents, report.currency),
            f"{each.idle_percent} %",
            plain(each.caused_by) or NOTHING,
            plain(each.hint) or NOTHING,
        )
        for each in report.nodes
    )
    return Section("Nodes, and what of them nobody uses", columns, rows)


def steps(report: Report) -> Section:
    """The replica counts at which one more node is needed."""
    columns = (
        Column("Workload"),
        Column("At replicas", is_number=True),
        Column("Nodes then", is_number=True),
        Column("More a month", is_number=True),
    )
    rows = tuple(
        (plain(each.workload), str(each.replicas), str(each.num_nodes), change(each.cost_cents, report.currency))
        for each in report.steps
    )
    return Section("When the next node is bought", columns, rows, is_detail=True)


def idle(report: Report) -> Section:
    """Which nodes waste the most, and with which pods on them."""
    columns = (
        Column("Pool"),
        Column("Machine"),
        Column("Nodes", is_number=True),
        Column("Pods on each"),
        Column("Left over on each"),
        Column("Idle a month", is_number=True),
        Column("Idle", is_number=True),
    )
    rows = tuple(
        (
            plain(each.pool),
            plain(each.type),
            str(each.count),
            plain(each.pods) or NOTHING,
            plain(each.left_over) or NOTHING,
            money(each.idle_cents, report.currency),
            f"{each.idle_percent} %",
        )
        for each in report.idle
    )
    return Section("Nodes with the most idle room", columns, rows, is_detail=True)


def cold_starts(report: Report) -> Section:
    """What is paid while a model loads."""
    columns = (
        Column("Workload"),
        Column("Starts a month", is_number=True),
        Column("Seconds to load", is_number=True),
        Column("Minutes paid, not serving", is_number=True),
    )
    rows = tuple(
        (plain(each.workload), f"{float(each.events):,.0f}", f"{each.load_s:,}", f"{float(each.minutes):,.0f}")
        for each in report.cold_starts
    )
    return Section("Cold starts", columns, rows, is_detail=True)
