"""What models demand -> what the namespace may use: the quota that admits them, and the way to them. Pure.

The peak of a model is its most replicas plus the surge of a rollout; all fill Jobs may run at the same time. That, with
two caches of every model, is the least that a plan needs: an operator's own bound below it is refused here.

A derived bound is wider, because a quota is the first thing that an update changes, while what was there before still
counts. Pods count until their last request is done: the old generation of all pods fits beside the new one. A claim
reserves little by itself: three caches (old, new, and one of an attempt that failed) of every model in the catalog fit,
whatever the plan, so no change of models, sizes or weights is refused for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from infra import units
from infra.errors import PlanError
from infra.stack import QuotaConfig


@dataclass(frozen=True, slots=True)
class Resources:
    """What a container reserves and may use. Memory is both at once."""

    cpu_m: int
    cpu_limit_m: int
    memory_bytes: int
    num_gpus: int = 0
    gpu_memory_bytes: int = 0


NUM_POD_GENERATIONS = 2
NUM_CACHE_GENERATIONS = 3
JOB_RESOURCES = Resources(cpu_m=100, cpu_limit_m=1000, memory_bytes=units.GI)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one model asks for: pods of one shape, `peak` of them at once, and one cache volume."""

    resources: Resources
    peak: int
    volume_bytes: int


@dataclass(frozen=True, slots=True)
class Quota:
    """Sums over the namespace."""

    cpu_m: int
    cpu_limit_m: int
    memory_bytes: int
    num_gpus: int
    num_pods: int
    num_volumes: int
    storage_bytes: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest single container and volume."""

    cpu_m: int
    memory_bytes: int
    volume_bytes: int


def needed(demands: Sequence[Demand]) -> Quota:
    """What all models use at their peak: the least that will do."""
    pods = [(demand.resources, demand.peak) for demand in demands] + [(JOB_RESOURCES, len(demands))]
    return Quota(
        cpu_m=sum(resources.cpu_m * count for resources, count in pods),
        cpu_limit_m=sum(resources.cpu_limit_m * count for resources, count in pods),
        memory_bytes=sum(resources.memory_bytes * count for resources, count in pods),
        num_gpus=sum(resources.num_gpus * count for resources, count in pods),
        num_pods=sum(count for _, count in pods),
        num_volumes=2 * len(demands),
        storage_bytes=2 * sum(demand.volume_bytes for demand in demands),
    )


def roomy(demands: Sequence[Demand], known_volumes: Sequence[int]) -> Quota:
    """What the way from an old plan to this one may use; `known_volumes` are the caches of all models there are."""
    need = needed(demands)
    return Quota(
        cpu_m=NUM_POD_GENERATIONS * need.cpu_m,
        cpu_limit_m=NUM_POD_GENERATIONS * need.cpu_limit_m,
        memory_bytes=NUM_POD_GENERATIONS * need.memory_bytes,
        num_gpus=NUM_POD_GENERATIONS * need.num_gpus,
        num_pods=NUM_POD_GENERATIONS * need.num_pods,
        num_volumes=NUM_CACHE_GENERATIONS * len(known_volumes),
        storage_bytes=NUM_CACHE_GENERATIONS * sum(known_volumes),
    )


def derive_quota(demands: Sequence[Demand], known_volumes: Sequence[int], bounds: QuotaConfig) -> Quota:
    """The operator's bounds, and a roomy one where there is none; raises PlanError when a bound is below the need."""
    _check(needed(demands), bounds)
    room = roomy(demands, known_volumes)
    cpu_m = room.cpu_m if bounds.cpu_m is None else bounds.cpu_m
    return replace(
        room,
        cpu_m=cpu_m,
        cpu_limit_m=max(room.cpu_limit_m, cpu_m),
        memory_bytes=room.memory_bytes if bounds.memory_bytes is None else bounds.memory_bytes,
        num_gpus=room.num_gpus if bounds.num_gpus is None else bounds.num_gpus,
        storage_bytes=room.storage_bytes if bounds.storage_bytes is None else bounds.storage_bytes,
    )


def _check(need: Quota, bounds: QuotaConfig) -> None:
    checks = (
        ("cpu", bounds.cpu_m, need.cpu_m, 1000, units.format_cpu),
        ("memory", bounds.memory_bytes, need.memory_bytes, units.GI, units.format_bytes),
        ("gpus", bounds.num_gpus, need.num_gpus, 1, str),
        ("storage", bounds.storage_bytes, need.storage_bytes, units.GI, units.format_bytes),
    )
    if problems := [
        f"slipway:quota.{key}: {show(bound)} is too small for the plan at its most replicas and a rollout; "
        f"allowed: {show(units.round_up(value, unit))} or more, or 'derived'"
        for key, bound, value, unit, show in checks
        if bound is not None and bound < value
    ]:
        raise PlanError(problems)


def derive_limits(demands: Sequence[Demand]) -> Limits:
    """No container and no volume may be larger than the largest that is planned."""
    containers: list[Resources] = [JOB_RESOURCES, *(demand.resources for demand in demands)]
    return Limits(
        cpu_m=max(resources.cpu_limit_m for resources in containers),
        memory_bytes=max(resources.memory_bytes for resources in containers),
        volume_bytes=max(demand.volume_bytes for demand in demands),
    )
