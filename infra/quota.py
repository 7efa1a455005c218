"""What models demand -> what the namespace may use: the quota that admits them, and the way to them. Pure.

The peak of a model is its most replicas plus the surge of a rollout; all fill Jobs may run at the same time. That, with
two caches of every model, is the least that a plan needs: an operator's own bound below it is refused here.

A derived bound is wider, because a quota is the first thing that an update changes, while what was there before still
counts. Pods count until their last request is done: the old generation of all pods fits beside the new one. A claim
reserves little by itself: three caches (old, new, and one of an attempt that failed) of every model in the catalog fit,
whatever the plan, so no change of models, sizes or weights is refused for them. Objects are counted as claims are: by
what the catalog has. Those bounds are there for what runs wild, not for what is planned.

What belongs to no model (backups, shared volumes, a few pods for whoever looks for a fault) is an `Others`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from infra import names, units
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
NUM_CLAIM_GENERATIONS = 2
JOB_RESOURCES = Resources(cpu_m=100, cpu_limit_m=1000, memory_bytes=units.GI)
NUM_SCRATCH_PODS = 2
"""Each as large as a Job: a restore, or a shell beside a fault, must never be refused for want of room."""
GPUS = f"requests.{names.GPU}"
OBJECTS_OF_A_MODEL = {
    "count/deployments.apps": 6,  # two tiers
    "count/jobs.batch": 9,  # fill, and what backup and restore leave behind
    "count/cronjobs.batch": 6,
    "configmaps": 9,  # models.json of the revisions that a rollback finds
    "secrets": 6,
    "services": 6,
}
OBJECTS_OF_NO_MODEL = 20
"""Of each kind: what operators keep beside ours, such as certificates that are being renewed."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one model asks for: pods of one shape, `peak` of them at once, and one cache volume.

    Attributes:
        volume_bytes: 0 for weights that come without a claim.
        devices: of each pod, by the quota's name for them; not named: whole GPUs.
        num_jobs: that fill its cache at the same time.
        sidecar: a second container of each pod.
    """

    resources: Resources
    peak: int
    volume_bytes: int
    devices: Mapping[str, int] = field(default_factory=dict)
    num_jobs: int = 1
    sidecar: Resources | None = None

    def all_devices(self) -> Mapping[str, int]:
        """Of all pods at the peak."""
        each = self.devices or ({GPUS: self.resources.num_gpus} if self.resources.num_gpus else {})
        return {key: count * self.peak for key, count in each.items()}


@dataclass(frozen=True, slots=True)
class Others:
    """What belongs to no single model: Jobs at the same time, claims by their class, and pods that stay."""

    num_jobs: int = 0
    claims: tuple[tuple[str, int], ...] = ()
    cache_class: str | None = None
    pods: tuple[Resources, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """Sums over the namespace.

    Attributes:
        num_gpus: of all kinds.
        devices: each kind by the quota's name for it.
        class_bytes: storage by class; classes that are not named are bound by `storage_bytes` alone.
        objects: how many of a kind.
    """

    cpu_m: int
    cpu_limit_m: int
    memory_bytes: int
    num_gpus: int
    num_pods: int
    num_volumes: int
    storage_bytes: int
    devices: Mapping[str, int] = field(default_factory=dict)
    class_bytes: Mapping[str, int] = field(default_factory=dict)
    objects: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest single container and volume."""

    cpu_m: int
    memory_bytes: int
    volume_bytes: int


def needed(demands: Sequence[Demand], others: Others = Others()) -> Quota:
    """What all models use at their peak, with all else: the least that will do."""
    pods = [(demand.resources, demand.peak) for demand in demands]
    pods += [(JOB_RESOURCES, sum(demand.num_jobs for demand in demands) + others.num_jobs)]
    pods += [(resources, 1) for resources in others.pods]
    containers = [*pods, *((demand.sidecar, demand.peak) for demand in demands if demand.sidecar)]
    caches = [demand.volume_bytes for demand in demands if demand.volume_bytes]
    devices = {GPUS: 0}  # bounded also where none is used
    for demand in demands:
        for key, count in demand.all_devices().items():
            devices[key] = devices.get(key, 0) + count
    return Quota(
        cpu_m=sum(resources.cpu_m * count for resources, count in containers),
        cpu_limit_m=sum(resources.cpu_limit_m * count for resources, count in containers),
        memory_bytes=sum(resources.memory_bytes * count for resources, count in containers),
        num_gpus=sum(devices.values()),
        num_pods=sum(count for _, count in pods),
        num_volumes=2 * len(caches) + len(others.claims),
        storage_bytes=2 * sum(caches) + sum(num_bytes for _, num_bytes in others.claims),
        devices=devices,
    )


def roomy(demands: Sequence[Demand], known_volumes: Sequence[int], others: Others = Others()) -> Quota:
    """What the way from an old plan to this one may use; `known_volumes` are the caches of all models there are."""
    need = needed(demands, others)
    classes = _by_class(known_volumes, others)
    return Quota(
        cpu_m=NUM_POD_GENERATIONS * need.cpu_m,
        cpu_limit_m=NUM_POD_GENERATIONS * need.cpu_limit_m,
        memory_bytes=NUM_POD_GENERATIONS * need.memory_bytes,
        num_gpus=NUM_POD_GENERATIONS * need.num_gpus,
        num_pods=NUM_POD_GENERATIONS * need.num_pods,
        num_volumes=NUM_CACHE_GENERATIONS * len(known_volumes) + NUM_CLAIM_GENERATIONS * len(others.claims),
        storage_bytes=sum(classes.values()),
        devices={key: NUM_POD_GENERATIONS * count for key, count in need.devices.items()},
        class_bytes={name: num_bytes for name, num_bytes in classes.items() if name},
        objects={
            key: count * max(len(known_volumes), len(demands)) + OBJECTS_OF_NO_MODEL
            for key, count in OBJECTS_OF_A_MODEL.items()
        },
    )


def _by_class(known_volumes: Iterable[int], others: Others) -> Counter[str]:
    """Room for all caches, and for each other claim beside the one that takes its place."""
    found = Counter({others.cache_class or "": NUM_CACHE_GENERATIONS * sum(known_volumes)})
    for name, num_bytes in others.claims:
        found[name] += NUM_CLAIM_GENERATIONS * num_bytes
    return found


def derive_quota(
    demands: Sequence[Demand],
    known_volumes: Sequence[int],
    bounds: QuotaConfig,
    others: Others = Others(),
) -> Quota:
    """The operator's bounds, and a roomy one where there is none; raises PlanError when a bound is below the need."""
    need, room = needed(demands, others), roomy(demands, known_volumes, others)
    _check(need, bounds)
    cpu_m = room.cpu_m if bounds.cpu_m is None else bounds.cpu_m
    storage = bounds.storage_bytes
    return replace(
        room,
        cpu_m=cpu_m,
        cpu_limit_m=max(room.cpu_limit_m, cpu_m),
        memory_bytes=room.memory_bytes if bounds.memory_bytes is None else bounds.memory_bytes,
        num_gpus=room.num_gpus if bounds.num_gpus is None else bounds.num_gpus,
        storage_bytes=room.storage_bytes if storage is None else storage,
        devices=room.devices if bounds.num_gpus is None else _share_out(need, bounds.num_gpus),
        class_bytes=room.class_bytes if storage is None else dict.fromkeys(room.class_bytes, storage),
    )


def _share_out(need: Quota, num_gpus: int) -> dict[str, int]:
    """A ResourceQuota bounds each kind by itself: each gets its need, and the largest one what is left over."""
    largest = max(need.devices, key=lambda key: (need.devices[key], key == GPUS))
    return {key: count + (num_gpus - need.num_gpus if key == largest else 0) for key, count in need.devices.items()}


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


def derive_limits(demands: Sequence[Demand], others: Others = Others()) -> Limits:
    """No container and no volume may be larger than the largest that is planned."""
    beside = [demand.sidecar for demand in demands if demand.sidecar]
    containers: list[Resources] = [JOB_RESOURCES, *(demand.resources for demand in demands), *beside, *others.pods]
    volumes = [*(demand.volume_bytes for demand in demands), *(each for _, each in others.claims)]
    return Limits(
        cpu_m=max(resources.cpu_limit_m for resources in containers),
        memory_bytes=max(resources.memory_bytes for resources in containers),
        volume_bytes=max(volumes, default=0) or units.GI,
    )
