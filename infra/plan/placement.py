"""On which nodes a tier's pods may, must and should run: requirements, preferences, tolerations, spread; as values.

A model's floor must be on demand where there is spot at all: a node that says nothing of it is on demand. A burst
should be on spot and may be on demand: a preference falls back by itself, a requirement never does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from infra import names, units
from infra.catalog.types import Profile
from infra.plan import spot
from infra.plan.sharing import SHARED_SUFFIX, GpuShare, offered_as
from infra.stack import ClusterConfig

ZONE_LABEL: Final = "topology.kubernetes.io/zone"
NODE_LABEL: Final = "kubernetes.io/hostname"
PRODUCT_LABEL: Final = f"{names.GPU}.product"
WITH_GPU: Final = (
    f"{names.GPU}.present",
    "cloud.google.com/gke-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "kubernetes.azure.com/accelerator",
)
"""Labels of which nodes with GPUs have one, whether or not a taint keeps others away."""
STRONG: Final = 100


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a node's label must be."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preference:
    """What a node's labels should be, all of them; the weights of preferences that hold add up."""

    weight: int
    requirements: tuple[Requirement, ...]


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
        one_of: besides, all of at least one of these. Provisioners try the first one first.
        spread_over: labels of nodes over which replicas are spread, rather uneven than pending.
        pack: prefer nodes that run other models of the same hardware already, so that nodes empty and go.
        scheduler: of another name than the default one.
    """

    required: tuple[Requirement, ...] = ()
    one_of: tuple[tuple[Requirement, ...], ...] = ()
    preferred: tuple[Preference, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    spread_over: tuple[str, ...] = ()
    pack: bool = False
    scheduler: str | None = None


def plan_placement(
    profile: Profile, share: GpuShare | None, cluster: ClusterConfig, *, is_spot: bool, is_on_demand: bool = False
) -> Placement:
    """GPUs that will do, and no two replicas on what fails together, where there is a choice.

    `is_on_demand`: there is spot in the cluster, and these pods keep off it. With neither, no node is told apart.
    """
    return Placement(
        required=tuple(_on_demand()) if is_on_demand else (),
        one_of=tuple(_gpus(profile, share, cluster.provider)) if share else (),
        preferred=(*(_on_spot(cluster.provider) if is_spot else ()), *(_off_gpus(cluster) if not share else ())),
        tolerations=(*((Toleration(names.GPU),) if share else ()), *(_spot_taints() if is_spot else ())),
        spread_over=_spread_over(cluster),
        pack=cluster.multi_node and share is None,
        scheduler=cluster.scheduler,
    )


def _on_demand() -> Iterator[Requirement]:
    for each in spot.SPOT_NODES:
        yield Requirement(each.label, "NotIn", (each.value,))


def _on_spot(provider: str) -> Iterator[Preference]:
    """By the labels of the provider alone: each says how long its notice is, and the shortest would count."""
    for each in spot.nodes_of(provider):
        yield Preference(STRONG, (Requirement(each.label, "In", (each.value,)),))


def _spot_taints() -> Iterator[Toleration]:
    """Of every provider, and of those who taint by hand what their provider does not."""
    for each in spot.SPOT_NODES:
        yield Toleration(each.label, each.value)


def _off_gpus(cluster: ClusterConfig) -> tuple[Preference, ...]:
    """What needs no GPU stays off nodes that have one: they cost more and would never empty."""
    none = tuple(Requirement(label, "DoesNotExist") for label in WITH_GPU)
    return (Preference(STRONG, none),) if cluster.multi_node else ()


def _gpus(profile: Profile, share: GpuShare, provider: str) -> Iterator[tuple[Requirement, ...]]:
    """By the provider's labels, which an autoscaler knows of nodes that are yet to come, or by those of GPU discovery.

    A slice is a resource of its own, and a claim says itself what it wants: neither needs a label.
    """
    if share.mode in ("mig", "dra"):
        return
    is_shared = share.replicas_per_gpu > 1
    for label, values in labels_of(profile, provider).items():
        offered = offered_as(share, label) if is_shared else ()
        yield (Requirement(label, "In", values), *(Requirement(key, "In", (value,)) for key, value in offered))
    sharing = (Requirement(f"{names.GPU}.sharing-strategy", "In", (share.mode,)),) if is_shared else ()
    products = labels_of(profile, "any").get(PRODUCT_LABEL, ())
    if products:
        named = (*products, *(f"{product}{SHARED_SUFFIX}" for product in products)) if is_shared else products
        yield (Requirement(PRODUCT_LABEL, "In", named), *sharing)
    else:
        yield (_large_enough(profile), *sharing)


def _large_enough(profile: Profile) -> Requirement:
    """What drivers report is compared: less than data sheets say, and the profile knows the least of its products."""
    more_than_mib = profile.gpu_memory_bytes // units.MI - 1
    return Requirement(f"{names.GPU}.memory", "Gt", (str(more_than_mib),))


def _spread_over(cluster: ClusterConfig) -> tuple[str, ...]:
    return (*([ZONE_LABEL] if cluster.multi_zone else []), *([NODE_LABEL] if cluster.multi_node else []))


def labels_of(profile: Profile, provider: str) -> Mapping[str, tuple[str, ...]]:
    """The labels of a provider's nodes that have the profile's GPUs, each with the values that will do."""
    return profile.node_labels.get(provider, {})
