"""The estimate by model: one row for each, one for each workload that serves none, one for what all share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from infra.cost.money import total
from infra.cost.months import Month, Months
from infra.cost.node_costs import alike
from infra.cost.report import ModelCost, TokenCost
from infra.cost.scenarios import Scenario
from infra.cost.settings import CostSettings
from infra.cost.shared import SHARED, owner_of
from infra.cost.spot import shares_on_spot
from infra.cost.types import Demand, Estimate, Kind, Line, Workload


def rows(
    demand: Demand,
    months: Months,
    estimate: Estimate,
    before: Estimate | None,
    tokens: Mapping[str, TokenCost],
    settings: CostSettings,
) -> tuple[ModelCost, ...]:
    """The dearest first, what is shared last. Rows add up to the total."""
    lines = by_name(estimate)
    past = {name: total([line.cost for line in of]) for name, of in by_name(before).items()} if before else {}
    workloads: dict[str, list[Workload]] = {}
    for workload in demand.workloads:
        workloads.setdefault(workload.model or workload.id, []).append(workload)
    parts = shares_on_spot(months[Scenario.TYPICAL], settings)
    gpus = _gpus(months[Scenario.HIGH])
    places = {workload: index for index, workload in enumerate(demand.workloads)}
    names = sorted({*lines, *workloads}, key=lambda name: (name == SHARED, -_typical(lines.get(name, [])), name))
    return tuple(
        ModelCost(
            name=name,
            gpu=", ".join(sorted({gpus[each] for each in workloads.get(name, []) if each in gpus})),
            replicas=_replicas([places[each] for each in workloads.get(name, [])], months),
            spot_percent=_mean_percent([parts.get(each, Fraction(0)) for each in workloads.get(name, [])]),
            by_kind={kind: total([each.cost for each in lines.get(name, []) if each.kind is kind]) for kind in Kind},
            cost=total([each.cost for each in lines.get(name, [])]),
            before=past.get(name),
            tokens=tokens.get(name),
        )
        for name in names
    )


def by_name(estimate: Estimate) -> Mapping[str, list[Line]]:
    """Lines by model; by workload where they serve none; what nobody owns is shared."""
    found: dict[str, list[Line]] = {}
    for line in estimate.lines:
        found.setdefault(owner_of(line), []).append(line)
    return found


def _typical(lines: list[Line]) -> int:
    return sum(line.cost.typical_cents for line in lines)


def _gpus(month: Month) -> Mapping[Workload, str]:
    """What GPUs pods really get, by the packing: `1 x NVIDIA-A10G`."""
    return {
        workload: f"{workload.shape.requests.gpus} x {node.type.gpu_product or 'GPU'}"
        for packing in month.packings
        for node, _ in alike(packing.nodes)
        for workload, _ in node.pods
        if workload.shape.requests.gpus
    }


def _replicas(indices: Sequence[int], months: Months) -> tuple[int, int, int]:
    """Least, the most in a typical week, and the most at all."""
    low, typical, high = (
        [sum(counts[index] for index in indices) for counts in months[scenario].replicas] for scenario in Scenario
    )
    return min(low, default=0), max(typical, default=0), max(high, default=0)


def _mean_percent(parts: Sequence[Fraction]) -> int:
    return round(sum(parts, start=Fraction(0)) * 100 / len(parts)) if parts else 0
