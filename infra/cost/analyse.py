"""Two states of a stack -> Report: the estimate of each, why they differ, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from infra.cost import budgets, envelope, models, nodes, spot, tokens, uncertainty
from infra.cost.changes import changes
from infra.cost.estimate import Market, Month, Packer, estimate, months
from infra.cost.money import HOURS_PER_MONTH
from infra.cost.nodes import NODE_KINDS
from infra.cost.report import Driver, Prices, Report, Step
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand, Estimate

MAX_STEPS_WORKLOADS = 50
"""Of how many workloads the steps are shown: each is a packing of the whole stack for each of its replica counts."""


@dataclass(frozen=True, slots=True)
class _State:
    """One state of the stack, estimated."""

    demand: Demand
    packer: Packer
    months: Mapping[Scenario, Month]
    estimate: Estimate
    drivers: tuple[Driver, ...]


def analyse(
    stack: str, before: Demand | None, after: Demand, market: Market, prices: Prices, warnings: tuple[str, ...] = ()
) -> Report:
    """Everything that a report shows. `before` None: nothing is deployed, or nobody knows."""
    now, past = _state(after, market), _state(before, market) if before is not None else None
    typical = now.months[Scenario.TYPICAL]
    per_token = tokens.costs(now.demand, typical, now.estimate, market)
    rows = models.rows(now.demand, now.months, now.estimate, past.estimate if past else None, per_token)
    return Report(
        stack=stack,
        currency=market.settings.currency,
        before=past.estimate if past else None,
        after=now.estimate,
        models=rows,
        nodes=nodes.uses(now.months, market),
        steps=tuple(_steps(now, market)),
        changes=tuple(changes(past.demand, now.demand, lambda each: total(each, market).cost)) if past else (),
        drivers=now.drivers,
        spot=spot.risks(now.demand, typical, market),
        week_cents=nodes.week(typical, now.estimate),
        schedule_saving_cents=_schedule_saving_cents(now, market),
        budgets=budgets.check(market.settings.budgets, now.estimate, rows),
        prices=prices,
        warnings=warnings,
        assumptions=_assumptions(market),
        unplaced=next((packing.unplaced for packing in now.months[Scenario.HIGH].packings if packing.unplaced), ()),
    )


def total(demand: Demand, market: Market) -> Estimate:
    """The estimate alone: what a what-if or a change needs."""
    return estimate(demand, market, months(demand, market, Packer(demand, market)))


def _state(demand: Demand, market: Market) -> _State:
    packer = Packer(demand, market)
    all_months = months(demand, market, packer)
    found = estimate(demand, market, all_months)
    fixed = sum(line.cost.typical_cents for line in found.lines if line.kind not in NODE_KINDS or line.driver == "runs")
    of = uncertainty.model(demand, market, packer, fixed)
    p50, p90 = uncertainty.percentiles(of)
    found = replace(found, p50_cents=p50, p90_cents=p90)
    return _State(demand, packer, all_months, found, tuple(uncertainty.drivers(of)))


def _steps(state: _State, market: Market) -> Iterator[Step]:
    workloads = state.demand.workloads
    if len(workloads) > MAX_STEPS_WORKLOADS:
        return
    typical = state.months[Scenario.TYPICAL]
    busiest = max(typical.replicas, key=sum, default=())
    for index in range(len(workloads)):
        yield from envelope.steps(index, busiest, state.demand, market, state.packer)


def _schedule_saving_cents(state: _State, market: Market) -> int:
    """A typical month without any schedule, less the typical month."""
    if not any(workload.schedule for workload in state.demand.workloads):
        return 0
    plain = replace(state.demand, workloads=tuple(replace(each, schedule=()) for each in state.demand.workloads))
    return total(plain, market).cost.typical_cents - state.estimate.cost.typical_cents


def _assumptions(market: Market) -> tuple[str, ...]:
    settings = market.settings
    return (
        f"a month has {HOURS_PER_MONTH} hours",
        f"autoscalers stand {float(settings.working_time_load):.0%} of the way from least to most replicas on workdays "
        f"8 to 20, {float(settings.other_time_load):.0%} otherwise, unless traffic is given",
        f"no spot node is to be had in {float(settings.spot_fallback):.0%} of the time; on demand then",
        "nodes are filled as an autoscaler that consolidates leaves them",
    )
