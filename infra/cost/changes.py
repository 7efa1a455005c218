"""Why the cost changed: money for each field that changed, so that the parts add up to the whole difference.

The state before is turned into the state after one field at a time; what the total moves by at each step is that
field's. The order is fixed: what is gone, what changed (by workload, then by field), what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from infra.cost.money import Range
from infra.cost.report import Change
from infra.cost.types import Demand, Resources, Volume, Workload
from infra.units import format_bytes, format_cpu

Cost = Callable[[Demand], Range]

MAX_SINGLE = 60
"""Above so many changed fields they are told by workload: each one is a packing of the whole stack."""


@dataclass(frozen=True, slots=True)
class _Step:
    subject: str
    field: str
    before: str
    after: str
    demand: Demand


def changes(before: Demand, after: Demand, cost: Cost) -> list[Change]:
    """Fields that cost nothing are left out; what their sum leaves to the whole difference is `other`."""
    steps = list(_steps(before, after))
    if len(steps) > MAX_SINGLE:
        steps = _by_subject(steps)
    found: list[Change] = []
    last = cost(before)
    for step in steps:
        now = cost(step.demand)
        if now != last:
            found.append(Change(step.subject, step.field, step.before, step.after, now - last))
        last = now
    rest = cost(after) - last
    return [*found, Change("stack", "other", "", "", rest)] if rest != Range() else found


def _steps(before: Demand, after: Demand) -> Iterator[_Step]:
    now = before
    for old, new in _pairs(before.workloads, after.workloads):
        if new is None and old is not None:
            now = replace(now, workloads=tuple(each for each in now.workloads if each is not old))
            yield _Step(old.id, "removed", _size(old), "", now)
    for old, new in _pairs(before.workloads, after.workloads):
        if old is None or new is None:
            continue
        current = old
        for field, shown, changed in _fields(old, new):
            following = changed(current)
            now = replace(now, workloads=tuple(following if each is current else each for each in now.workloads))
            current = following
            yield _Step(new.id, field, *shown, now)
    for old, new in _pairs(before.workloads, after.workloads):
        if old is None and new is not None:
            now = replace(now, workloads=(*now.workloads, new))
            yield _Step(new.id, "added", "", _size(new), now)
    yield from _volume_steps(now, before, after)


def _volume_steps(now: Demand, before: Demand, after: Demand) -> Iterator[_Step]:
    for old, new in _pairs(before.volumes, after.volumes):
        kept = [each for each in now.volumes if each is not old]
        now = replace(now, volumes=(*kept, *([new] if new else [])))
        named = new or old
        subject = f"{named.namespace}/{named.name}" if named else ""
        field = "added" if old is None else "removed" if new is None else "size or class"
        if old != new:
            yield _Step(subject, field, _volume(old), _volume(new), now)
    if before.load_balancers != after.load_balancers:
        now = replace(now, load_balancers=after.load_balancers)
        counts = (str(len(before.load_balancers)), str(len(after.load_balancers)))
        yield _Step("stack", "load balancers", *counts, now)
    if before.jobs or after.jobs:
        now = replace(now, jobs=after.jobs)
        yield _Step("stack", "jobs", str(len(before.jobs)), str(len(after.jobs)), now)
    if before.daemons or after.daemons:
        yield _Step(
            "stack",
            "daemon sets",
            str(len(before.daemons)),
            str(len(after.daemons)),
            replace(now, daemons=after.daemons),
        )


def _fields(old: Workload, new: Workload) -> Iterator[tuple[str, tuple[str, str], Callable[[Workload], Workload]]]:
    """Each field that differs: its name, both texts, and what sets it."""
    for name in ("min_replicas", "max_replicas"):
        values = getattr(old, name), getattr(new, name)
        if values[0] != values[1]:
            yield name, (str(values[0]), str(values[1])), _set(**{name: values[1]})
    if old.schedule != new.schedule:
        yield "schedule", (f"{len(old.schedule)} windows", f"{len(new.schedule)} windows"), _set(schedule=new.schedule)
    for name, show in (
        ("cpu_m", format_cpu),
        ("memory_bytes", format_bytes),
        ("gpus", str),
        ("ephemeral_bytes", format_bytes),
    ):
        was, becomes = getattr(old.shape.requests, name), getattr(new.shape.requests, name)
        if was != becomes:
            yield name.split("_")[0], (show(was), show(becomes)), _request(name, becomes)
    if old.shape.spec != new.shape.spec:
        yield (
            "placement",
            ("", ""),
            lambda workload: replace(workload, shape=replace(workload.shape, spec=new.shape.spec)),
        )


def _set(**fields: Any) -> Callable[[Workload], Workload]:
    return lambda workload: replace(workload, **fields)


def _request(name: str, value: int) -> Callable[[Workload], Workload]:
    def change(workload: Workload) -> Workload:
        requests: Resources = replace(workload.shape.requests, **{name: value})
        return replace(workload, shape=replace(workload.shape, requests=requests))

    return change


Named = TypeVar("Named", Workload, Volume)


def _pairs(before: Sequence[Named], after: Sequence[Named]) -> list[tuple[Named | None, Named | None]]:
    """Old and new of the same name; None where there is none. Volumes of changed weights have other names."""
    earlier: dict[tuple[str, str], Named] = {(each.namespace, each.name): each for each in before}
    later: dict[tuple[str, str], Named] = {(each.namespace, each.name): each for each in after}
    return [(earlier.get(key), later.get(key)) for key in dict.fromkeys([*earlier, *later])]


def _by_subject(steps: Sequence[_Step]) -> list[_Step]:
    """The last step of each subject, which holds all its changes."""
    last = {step.subject: step for step in steps}
    return [replace(step, field="several fields", before="", after="") for step in last.values()]


def _size(workload: Workload) -> str:
    return f"{workload.min_replicas} to {workload.max_replicas} replicas"


def _volume(volume: Volume | None) -> str:
    return f"{format_bytes(volume.size_bytes)} {volume.storage_class}" if volume else ""
