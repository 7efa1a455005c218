"""What everybody reads of a report: the head line, and the sentences under it."""

from __future__ import annotations

from infra.cost.report import Gate, Report
from infra.cost.reports import words
from infra.cost.reports.words import NOTHING, change, counted, money, span
from infra.cost.types import Kind

ALWAYS_ON = (Kind.STORAGE, Kind.LOAD_BALANCER, Kind.NETWORK, Kind.CONTROL_PLANE)
"""What no schedule saves."""


def head(report: Report) -> list[tuple[str, str]]:
    """The one line that everybody reads."""
    currency, after = report.currency, report.after.cost
    before = report.before.cost if report.before else None
    found = [
        ("Before", money(before.typical_cents, currency) if before else "not known"),
        ("After", money(after.typical_cents, currency)),
    ]
    if before:
        percent = words.percent_change(before.typical_cents, after.typical_cents)
        moved = change(after.typical_cents - before.typical_cents, currency)
        found.append(("Change", f"{moved} ({percent})" if percent else moved))
    else:
        found.append(("Change", NOTHING))
    return [
        *found,
        ("Range", span(after, currency)),
        ("P50, P90", f"{money(report.after.p50_cents, currency)}, {money(report.after.p90_cents, currency)}"),
        ("Budget", words.budget_line(report)),
    ]


def notes(report: Report) -> list[str]:
    """Sentences that belong right under the head line."""
    found = []
    wrong = sum(each.is_total_wrong for each in report.unpriced)
    if wrong:
        found.append(f"Not priced, though it costs something: {wrong:,}. The total is too low.")
    unplaced = sum(count for _, count, _ in report.unplaced)
    if unplaced:
        found.append(f"Pods that fit on no node of the pools: {unplaced:,}. The total is too low.")
    if report.price_gate is not Gate.PASS:
        age = counted(report.prices.age_days, "day")
        found.append(f"The prices are {age} old: {words.VERDICTS[report.price_gate]}.")
    saving = report.schedule_saving_cents
    if saving:
        always = sum(cost.typical_cents for kind, cost in words.by_kind(report.after) if kind in ALWAYS_ON)
        found.append(
            f"Schedules save {money(saving, report.currency)} a month; {money(always, report.currency)} are paid "
            "whatever they say (storage, load balancers, network, control plane)."
        )
    idle = sum(use.idle_cents for use in report.nodes)
    if idle:
        found.append(f"{money(idle, report.currency)} a month are for room on nodes that no pod uses.")
    return found
