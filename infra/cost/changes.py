"""Why the cost changed: money for each field that changed, so that the parts add up to the whole difference.

The state before is turned into the state after one field at a time; what the total moves by at each step is that
field's. The order is fixed: what is gone, what changed (by workload, then by field), what is new. Each step packs the
whole stack, so a large change of a large stack is told from both estimates instead: by whose lines moved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from infra.cost.change_steps import ChangeStep, change_steps, named, size_text
from infra.cost.money import Range
from infra.cost.report import Change
from infra.cost.shared import SHARED, owner_of
from infra.cost.types import Demand, Estimate, Workload

Cost = Callable[[Demand], Estimate]

MAX_WORK = 12_000
"""Steps times pods: some half of a second."""


def changes(before: Demand, after: Demand, cost: Cost, estimates: tuple[Estimate, Estimate]) -> list[Change]:
    """`estimates`: of both. Fields that cost nothing are left out."""
    steps = list(change_steps(before, after))
    pods = sum(each.max_replicas for state in (before, after) for each in state.workloads)
    if len(steps) * max(pods, 1) > MAX_WORK:
        return list(_by_owner(before, after, estimates))
    return _by_field(steps, cost, estimates)


def _by_field(steps: list[ChangeStep], cost: Cost, estimates: tuple[Estimate, Estimate]) -> list[Change]:
    found: list[Change] = []
    last = estimates[0].cost
    for step in steps:
        now = cost(step.demand).cost
        if now != last:
            found.append(Change(step.subject, step.field, step.before, step.after, now - last))
        last = now
    rest = estimates[1].cost - last
    return [*found, Change("stack", "other", "", "", rest)] if rest != Range() else found


def _by_owner(before: Demand, after: Demand, estimates: tuple[Estimate, Estimate]) -> Iterator[Change]:
    """Whose lines moved: of those who changed by themselves each one, of all others the sum."""
    old, new = (_totals(estimate) for estimate in estimates)
    was, becomes = (_workloads(state) for state in (before, after))
    rest = Range()
    for name in dict.fromkeys([*old, *new]):
        cost = new.get(name, Range()) - old.get(name, Range())
        old_size, new_size = (" and ".join(map(size_text, each.get(name, []))) for each in (was, becomes))
        if name == SHARED or _shapes(was.get(name, [])) == _shapes(becomes.get(name, [])):
            rest += cost
        elif cost != Range():
            field = "added" if name not in was else "removed" if name not in becomes else "several fields"
            yield Change(name, field, old_size, new_size, cost)
    if rest != Range():
        yield Change("stack", "what others share, and where their pods now are", "", "", rest)


def _totals(estimate: Estimate) -> Mapping[str, Range]:
    found: dict[str, Range] = {}
    for line in estimate.lines:
        name = owner_of(line)
        found[name] = found.get(name, Range()) + line.cost
    return found


def _workloads(state: Demand) -> Mapping[str, list[Workload]]:
    found: dict[str, list[Workload]] = {}
    for each in (*state.workloads, *state.jobs):
        found.setdefault(each.model or each.id, []).append(each)
    return found


def _shapes(workloads: list[Workload]) -> list[object]:
    """All that matters of them, to compare."""
    return [(named(each), each.min_replicas, each.max_replicas, each.schedule, each.shape.requests, each.shape.spec)
            for each in workloads]  # fmt: skip
