"""How a model gets its GPU: whole, a share of one, a slice of one, or by a claim; and what each does not keep apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from infra import names, units
from infra.catalog.types import Profile
from infra.stack import GpuSharing

Mode = Literal["none", "time-slicing", "mps", "mig", "dra"]
SHARED_SUFFIX: Final = "-SHARED"
"""What GPU discovery adds to a product's name where nodes offer its GPUs more than once."""
SLICE: Final = re.compile(r"\d+g\.(\d+)gb")
SLICE_REAL: Final = 7, 8
"""A slice sold as 10 GB reports 9.5 GiB, one of 12 GB 10.75: seven parts of eight are always there."""
GKE_SHARING: Final = {"time-slicing": "time-sharing", "mps": "mps"}

NOT_APART: Final[Mapping[Mode, str]] = {
    "time-slicing": (
        "memory and faults are not kept apart: a neighbour that takes more memory than its share, or whose kernel "
        "fails, takes this model with it; and each waits for the other's turns"
    ),
    "mps": (
        "faults are not kept apart: a kernel that fails ends all pods of the GPU; memory is bounded, bandwidth is not, "
        "and no metric of the GPU can be told to be a pod's"
    ),
    "mig": "power and clocks are not kept apart, all slices of a GPU share them; memory, bandwidth and faults are",
    "dra": "each pod has whole GPUs of its own, but quotas of nvidia.com/gpu do not count claims",
}
"""By the way of sharing."""


@dataclass(frozen=True, slots=True)
class GpuShare:
    """`resource` is what a container asks for; None with dra, which asks by a claim of `device_class`.

    Attributes:
        memory_bytes: what a pod has of each GPU. With time-slicing nothing but good manners keeps others out of it.
        replicas_per_gpu: how many pods the node lets use one GPU; 1 for whole GPUs and slices.
    """

    mode: Mode
    resource: str | None
    count: int
    memory_bytes: int = 0
    replicas_per_gpu: int = 1
    device_class: str | None = None


def devices_of(share: GpuShare | None) -> dict[str, int]:
    """What a pod takes of a quota, by the quota's name for it: of a resource, or of a class that claims name."""
    if share is None:
        return {}
    if share.resource is None:
        return {f"{share.device_class}.deviceclass.resource.k8s.io/devices": share.count}
    return {f"requests.{share.resource}": share.count}


def plan_share(profile: Profile, sharing: GpuSharing) -> GpuShare | None:
    """None for a model without a GPU. What is shared is shared evenly."""
    if not profile.num_gpus:
        return None
    whole, count = profile.gpu_memory_bytes, profile.num_gpus
    match sharing.mode:
        case "time-slicing" | "mps" as mode:
            each = sharing.replicas_per_gpu
            return GpuShare(mode, names.GPU, count, whole // each, replicas_per_gpu=each)
        case "mig":
            wanted = sharing.mig_profile or ""
            return GpuShare("mig", f"nvidia.com/mig-{wanted}", count, slice_bytes(wanted))
        case "dra":
            return GpuShare("dra", None, count, whole, device_class=sharing.device_class)
        case _:
            return GpuShare("none", names.GPU, count, whole)


def slice_bytes(mig_profile: str) -> int:
    """The memory of a slice, by its name; 0 for what is no such name."""
    found = SLICE.match(mig_profile)
    part, whole = SLICE_REAL
    return int(found[1]) * units.GI * part // whole if found else 0


def offered_as(share: GpuShare, label: str) -> tuple[tuple[str, str], ...]:
    """The label that says, beside the one of the GPU, that nodes share it in this way."""
    if label.startswith("cloud.google.com/"):
        return (("cloud.google.com/gke-gpu-sharing-strategy", GKE_SHARING[share.mode]),)
    return ((f"{names.GPU}.sharing-strategy", share.mode),)
