"""Objects and `slipway:cost` -> which budgets do not hold: what the mandatory policy asks, without a report's rest.

A budget that can't be judged is told as one that is not known: something costs money and has no price or no known
value, a pod fits on no node, or the budget is of a model that is not here or of which no throughput is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.cost import budgets, models, settings_file, tokens
from infra.cost.demand import demand
from infra.cost.estimate import estimate
from infra.cost.market import Packer
from infra.cost.months import Months, months
from infra.cost.opening import open_market
from infra.cost.report import Budget, Gate
from infra.cost.reports import words
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand, Estimate, Workload
from kube.objects import Object


@dataclass(frozen=True, slots=True)
class Breach:
    """A budget that does not hold, or may not. `target`: the dearest workload that it is about, if there is one."""

    message: str
    target: Workload | None
    is_known: bool


def breaches(objects: Iterable[Object], raw: Mapping[str, Any]) -> Iterator[Breach]:
    """CostSettingsError where the settings are wrong."""
    settings = settings_file.parse(raw)
    asked = demand(objects, settings.time_zone)
    market = open_market(settings, asked)
    packer = Packer(asked, market)
    all_months = months(asked, market, packer)
    found = estimate(asked, market, all_months, packer)
    per_token = tokens.costs(asked, all_months[Scenario.TYPICAL], found, market)
    rows = models.rows(asked, all_months, found, None, per_token, settings)
    doubts = list(_doubts(found, all_months))
    for budget in budgets.check(settings.budgets, found, rows):
        target = _target(budget, asked, found)
        if budget.gate is Gate.EXCEEDED:
            yield Breach(_exceeded(budget, settings.currency), target, not doubts)
        elif not budget.actual_cents and budget.gate is Gate.WARNING:
            yield Breach(f"budget {budget.name}: {budget.message}", target, is_known=False)
        elif doubts:
            more = f", and {len(doubts) - 1} more" if len(doubts) > 1 else ""
            yield Breach(f"budget {budget.name} can't be judged: {doubts[0]}{more}", target, is_known=False)


def _exceeded(budget: Budget, currency: str) -> str:
    actual, limit = words.units(budget.actual_cents), words.units(budget.limit_cents)
    return f"budget {budget.name}: {actual} {currency} are more than {limit}"


def _doubts(found: Estimate, all_months: Months) -> Iterator[str]:
    for each in found.unpriced:
        if each.is_total_wrong:
            yield f"{each.id}: {each.reason}"
    unplaced = {entry[0]: entry for month in all_months.values() for p in month.packings for entry in p.unplaced}
    for workload, count, why in unplaced.values():
        yield f"{count} pods of {workload.id} fit on no node: {why}"


def _target(budget: Budget, asked: Demand, found: Estimate) -> Workload | None:
    """Of a model's budget its own workloads, else all."""
    name = budget.name.rpartition(",")[0] or budget.name
    mine = [each for each in asked.workloads if (each.model or each.id) == name] or list(asked.workloads)
    costs: dict[str, int] = {}
    for line in found.lines:
        costs[line.workload] = costs.get(line.workload, 0) + line.cost.typical_cents
    return max(mine, key=lambda each: costs.get(each.id, 0), default=None)
