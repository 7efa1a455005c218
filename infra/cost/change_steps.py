"""From one state of a stack to the next, one field at a time: each step is the whole demand with one field changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from infra.cost.types import Demand, Resources, Volume, Workload
from infra.units import format_bytes, format_cpu


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """One field of one object, and the demand once it is changed."""

    subject: str
    field: str
    before: str
    after: str
    demand: Demand


def change_steps(before: Demand, after: Demand) -> Iterator[ChangeStep]:
    """Whose workloads go, which change, which come; then claims, load balancers, jobs, daemon sets."""
    now = before
    pairs = _pairs(before.workloads, after.workloads)
    for old, new in pairs:
        if old is not None and new is None:
            now = replace(now, workloads=tuple(each for each in now.workloads if each is not old))
            yield ChangeStep(old.id, "removed", size_text(old), "", now)
    for old, new in pairs:
        if old is not None and new is not None:
            for step in _workload_steps(old, new, now):
                now = step.demand
                yield step
    for old, new in pairs:
        if old is None and new is not None:
            now = replace(now, workloads=(*now.workloads, new))
            yield ChangeStep(new.id, "added", "", size_text(new), now)
    yield from _other_steps(now, after)


def size_text(workload: Workload) -> str:
    """`1 to 4 replicas`."""
    least, most = workload.min_replicas, workload.max_replicas
    return f"{least} to {most} replicas" if least != most else f"{most} replica{'s' if most != 1 else ''}"


def named(one: Workload | Volume) -> tuple[str, str, str]:
    """What is the same object before and after."""
    return (one.kind if isinstance(one, Workload) else "", one.namespace, one.name)


def _workload_steps(old: Workload, new: Workload, now: Demand) -> Iterator[ChangeStep]:
    current = old
    for field, before, after, change in _fields(old, new):
        following = change(current)
        now = replace(now, workloads=tuple(following if each is current else each for each in now.workloads))
        current = following
        yield ChangeStep(new.id, field, before, after, now)


def _fields(old: Workload, new: Workload) -> Iterator[tuple[str, str, str, Callable[[Workload], Workload]]]:
    """Each field that differs: its name, both texts, and what sets it."""
    yield from _bounds(old, new)
    if old.schedule != new.schedule:
        texts = [f"{len(each.schedule)} windows" for each in (old, new)]
        yield "schedule", texts[0], texts[1], _set(schedule=new.schedule)
    for name, show in _REQUESTS:
        was, becomes = getattr(old.shape.requests, name), getattr(new.shape.requests, name)
        if was != becomes:
            yield name.split("_")[0], show(was), show(becomes), _request(name, becomes)
    if old.shape.spec != new.shape.spec:
        for name in sorted({*old.shape.spec, *new.shape.spec}):
            if old.shape.spec.get(name) != new.shape.spec.get(name):
                yield name, "", "", _placement(name, new)
    if old.load_s != new.load_s:
        yield "load time", f"{old.load_s} s", f"{new.load_s} s", _set(load_s=new.load_s)
    if old.model != new.model:
        yield "model", old.model or "none", new.model or "none", _set(model=new.model)


def _bounds(old: Workload, new: Workload) -> Iterator[tuple[str, str, str, Callable[[Workload], Workload]]]:
    """Replicas without an autoscaler are one field. Of two bounds the least is never above the most in between."""
    was, becomes = (old.min_replicas, old.max_replicas), (new.min_replicas, new.max_replicas)
    if was != becomes and was[0] == was[1] and becomes[0] == becomes[1]:
        yield "replicas", str(was[0]), str(becomes[0]), _set(min_replicas=becomes[0], max_replicas=becomes[1])
        return
    names = ("min_replicas", "max_replicas")
    for name in reversed(names) if becomes[0] > was[1] else names:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield name, str(before), str(after), _set(**{name: after})


_REQUESTS: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("cpu_m", format_cpu),
    ("memory_bytes", format_bytes),
    ("gpus", str),
    ("ephemeral_bytes", format_bytes),
)


def _other_steps(now: Demand, after: Demand) -> Iterator[ChangeStep]:
    for old, new in _pairs(now.volumes, after.volumes):
        if old == new:
            continue
        kept = [each for each in now.volumes if each is not old]
        now = replace(now, volumes=(*kept, *([new] if new else [])), storage_kinds=after.storage_kinds)
        either = new or old
        subject = f"{either.namespace}/{either.name}" if either else ""
        field = "added" if old is None else "removed" if new is None else "size or class"
        yield ChangeStep(subject, field, _volume(old), _volume(new), now)
    for field in ("load_balancers", "jobs", "daemons"):
        was, becomes = getattr(now, field), getattr(after, field)
        if was != becomes:
            now = replace(now, **{field: becomes})
            yield ChangeStep("stack", field.replace("_", " "), str(len(was)), str(len(becomes)), now)


def _set(**fields: Any) -> Callable[[Workload], Workload]:
    return lambda workload: replace(workload, **fields)


def _request(name: str, value: int) -> Callable[[Workload], Workload]:
    def change(workload: Workload) -> Workload:
        requests: Resources = replace(workload.shape.requests, **{name: value})
        return replace(workload, shape=replace(workload.shape, requests=requests))

    return change


def _placement(name: str, new: Workload) -> Callable[[Workload], Workload]:
    def change(workload: Workload) -> Workload:
        spec = {key: value for key, value in workload.shape.spec.items() if key != name}
        if name in new.shape.spec:
            spec[name] = new.shape.spec[name]
        return replace(workload, shape=replace(workload.shape, spec=spec))

    return change


Named = TypeVar("Named", Workload, Volume)


def _pairs(before: Sequence[Named], after: Sequence[Named]) -> list[tuple[Named | None, Named | None]]:
    """Old and new of the same name; None where there is none. Volumes of changed weights have other names."""
    earlier: dict[tuple[str, str, str], Named] = {named(each): each for each in before}
    later: dict[tuple[str, str, str], Named] = {named(each): each for each in after}
    return [(earlier.get(key), later.get(key)) for key in dict.fromkeys([*earlier, *later])]


def _volume(volume: Volume | None) -> str:
    return f"{format_bytes(volume.size_bytes)} {volume.storage_class}".strip() if volume else ""
