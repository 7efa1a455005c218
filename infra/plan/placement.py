"""On which nodes a tier's pods may, must and should run: requirements, preferences, tolerations, spread; as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from infra import names, units
from infra.catalog.types import Profile
from infra.plan.sharing import GpuShare
from infra.stack import ClusterConfig

ZONE_LABEL: Final = "topology.kubernetes.io/zone"
NODE_LABEL: Final = "kubernetes.io/hostname"


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a node's label must be."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preference:
    """What a node's label should be; the weights of all that hold add up."""

    weight: int
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint that keeps others away. `value` None: any."""

    key: str
    value: str | None = None
    effect: str | None = "NoSchedule"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where pods run.

    Attributes:
        required: all of them hold.
        spread_over: labels of nodes over which replicas are spread, rather uneven than pending.
        pack: prefer nodes that run pods of ours already, so that others empty and go.
        scheduler: of another name than the default one.
    """

    required: tuple[Requirement, ...] = ()
    preferred: tuple[Preference, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    spread_over: tuple[str, ...] = ()
    pack: bool = False
    scheduler: str | None = None


def plan_placement(profile: Profile, share: GpuShare | None, cluster: ClusterConfig, *, is_spot: bool) -> Placement:
    """GPUs that are large enough, and no two replicas on what fails together, where there is a choice."""
    del is_spot, share  # spot nodes are not told apart yet, and every GPU is whole
    gpu = profile.num_gpus > 0
    return Placement(
        required=(_large_enough(profile),) if gpu else (),
        tolerations=(Toleration(names.GPU),) if gpu else (),
        spread_over=_spread_over(cluster),
    )


def _large_enough(profile: Profile) -> Requirement:
    """What drivers report is compared: less than data sheets say, and the profile knows the least of its products."""
    more_than_mib = profile.gpu_memory_bytes // units.MI - 1
    return Requirement(f"{names.GPU}.memory", "Gt", (str(more_than_mib),))


def _spread_over(cluster: ClusterConfig) -> tuple[str, ...]:
    return (*([ZONE_LABEL] if cluster.multi_zone else []), *([NODE_LABEL] if cluster.multi_node else []))


def labels_of(profile: Profile, provider: str) -> Mapping[str, tuple[str, ...]]:
    """The labels of a provider's nodes that have the profile's GPUs, each with the values that will do."""
    return profile.node_labels.get(provider, {})
