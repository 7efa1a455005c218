"""Two states of a stack -> Report: the estimate of each, why they differ, and what to know before believing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from infra.cost import budgets, cold_starts, models, nodes, spot, tokens, uncertainty
from infra.cost.changes import changes
from infra.cost.envelope import curves, steps
from infra.cost.estimate import estimate, node_cents, total
from infra.cost.market import HourPrices, Market, Packer
from infra.cost.money import HOURS_PER_MONTH
from infra.cost.months import Months, months
from infra.cost.report import Change, Check, ColdStart, Driver, Prices, Report
from infra.cost.scenarios import Scenario
from infra.cost.staleness import Staleness, staleness
from infra.cost.types import Demand, Estimate, Workload


@dataclass(frozen=True, slots=True)
class _State:
    """One state of the stack, estimated."""

    demand: Demand
    packer: Packer
    months: Months
    estimate: Estimate
    drivers: tuple[Driver, ...]


def analyse(
    stack: str,
    before: Demand | None,
    after: Demand,
    market: Market,
    prices: Prices,
    warnings: tuple[str, ...] = (),
    checks: tuple[Check, ...] = (),
) -> Report:
    """Everything that a report shows. `before` None: nothing is deployed, or nobody knows."""
    now, past = _state(after, market), _state(before, market) if before is not None else None
    typical = now.months[Scenario.TYPICAL]
    per_token = tokens.costs(now.demand, typical, now.estimate, market)
    rows = models.rows(
        now.demand, now.months, now.estimate, past.estimate if past else None, per_token, market.settings
    )
    known_curves, without_curve = curves(now.demand, typical, market, now.packer)
    age = staleness(prices, market.settings)
    return Report(
        stack=stack,
        currency=market.settings.currency,
        before=past.estimate if past else None,
        after=now.estimate,
        models=rows,
        nodes=nodes.uses(now.months, market),
        steps=tuple(steps(known_curves)),
        changes=_changes(past, now, market) if past else (),
        drivers=now.drivers,
        spot=spot.risks(now.demand, typical, market),
        week_cents=nodes.week(typical, now.estimate),
        schedule_saving_cents=_schedule_saving_cents(now, market),
        budgets=budgets.check(market.settings.budgets, now.estimate, rows),
        prices=prices,
        warnings=(*warnings, *_warnings(without_curve, age)),
        assumptions=_assumptions(market),
        unplaced=_unplaced(now.months),
        curves=tuple(known_curves),
        price_gate=age.gate,
        checks=checks,
        idle=nodes.idle_nodes(typical, HourPrices(market, Scenario.TYPICAL)),
        cold_starts=tuple(_cold_starts(now, market)),
    )


def _state(demand: Demand, market: Market) -> _State:
    packer = Packer(demand, market)
    all_months = months(demand, market, packer)
    found = estimate(demand, market, all_months, packer)
    fixed = found.cost.typical_cents - node_cents(all_months, Scenario.TYPICAL)
    of = uncertainty.model(all_months[Scenario.TYPICAL], market, packer, found.cost, fixed)
    p50, p90 = uncertainty.percentiles(of)
    found = replace(found, p50_cents=p50, p90_cents=p90)
    return _State(demand, packer, all_months, found, tuple(uncertainty.drivers(of)))


def _changes(past: _State, now: _State, market: Market) -> tuple[Change, ...]:
    return tuple(changes(past.demand, now.demand, lambda each: total(each, market), (past.estimate, now.estimate)))


def _cold_starts(state: _State, market: Market) -> Iterator[ColdStart]:
    for each in cold_starts.starts(state.demand, state.months[Scenario.TYPICAL], market):
        if each.events:
            yield ColdStart(each.workload.id, each.events, each.workload.load_s, each.hours * 60)


def _unplaced(all_months: Months) -> tuple[tuple[Workload, int, str], ...]:
    """Of each workload the most that fit nowhere at any time."""
    worst: dict[Workload, tuple[Workload, int, str]] = {}
    for month in all_months.values():
        for packing in month.packings:
            for entry in packing.unplaced:
                if entry[0] not in worst or worst[entry[0]][1] < entry[1]:
                    worst[entry[0]] = entry
    return tuple(worst.values())


def _schedule_saving_cents(state: _State, market: Market) -> int:
    """A typical month in which what is scheduled runs as in the hours of its schedule, less the typical month."""
    if not any(workload.schedule for workload in state.demand.workloads):
        return 0
    plain = replace(state.demand, workloads=tuple(_without_schedule(each) for each in state.demand.workloads))
    return total(plain, market).cost.typical_cents - state.estimate.cost.typical_cents


def _without_schedule(workload: Workload) -> Workload:
    """All week as in its largest window."""
    if not workload.schedule:
        return workload
    largest = max(workload.schedule, key=lambda window: (window.min_replicas, window.max_replicas))
    return replace(workload, schedule=(), min_replicas=largest.min_replicas, max_replicas=largest.max_replicas)


def _warnings(without_curve: list[str], age: Staleness) -> Iterator[str]:
    if age.message:
        yield age.message
    if without_curve:
        yield f"at which replicas the next node is bought is not told for {len(without_curve)} of the workloads"


def _assumptions(market: Market) -> tuple[str, ...]:
    settings = market.settings
    return (
        f"a month has {HOURS_PER_MONTH} hours",
        f"autoscalers stand {float(settings.working_time_load):.0%} of the way from least to most replicas on workdays "
        f"8 to 20 ({settings.time_zone}), {float(settings.other_time_load):.0%} otherwise, unless traffic is given",
        f"no spot node is to be had in {float(settings.spot_fallback):.0%} of the time; on demand then",
        f"autoscalers start {float(settings.scale_ups_per_day):g} replicas a day besides what schedules start",
        "nodes are filled as an autoscaler that consolidates leaves them; their boot disks are not in the total",
        "egress counts answers where traffic is given; traffic between zones is not in the total",
    )
