"""What models demand -> what the namespace may use: the quota that admits exactly them at their peak. Pure.

The peak of a model is its most replicas plus the surge of a rollout. All fill Jobs may run at the same time, and while
weights change, the old and the new cache volume of every model exist side by side. An operator's own bound replaces a
derived one when it is not smaller; a smaller one would deadlock a rollout half-way, so it is refused here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """What all models use at their peak."""
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


def derive_quota(demands: Sequence[Demand], bounds: QuotaConfig) -> Quota:
    """The need, widened to the operator's bounds; raises PlanError when a bound is below the need."""
    need = needed(demands)
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
    cpu_m = need.cpu_m if bounds.cpu_m is None else bounds.cpu_m
    return Quota(
        cpu_m=cpu_m,
        cpu_limit_m=max(need.cpu_limit_m, cpu_m),
        memory_bytes=need.memory_bytes if bounds.memory_bytes is None else bounds.memory_bytes,
        num_gpus=need.num_gpus if bounds.num_gpus is None else bounds.num_gpus,
        num_pods=need.num_pods,
        num_volumes=need.num_volumes,
        storage_bytes=need.storage_bytes if bounds.storage_bytes is None else bounds.storage_bytes,
    )


def derive_limits(demands: Sequence[Demand]) -> Limits:
    """No container and no volume may be larger than the largest that is planned."""
    containers: list[Resources] = [JOB_RESOURCES, *(demand.resources for demand in demands)]
    return Limits(
        cpu_m=max(resources.cpu_limit_m for resources in containers),
        memory_bytes=max(resources.memory_bytes for resources in containers),
        volume_bytes=max(demand.volume_bytes for demand in demands),
    )
