"""How a model gets its GPU: whole, a share of one, a slice of one, or by a claim; and what each does not keep apart."""

from dataclasses import dataclass
from typing import Literal

from infra import names
from infra.stack import GpuSharing


@dataclass(frozen=True, slots=True)
class GpuShare:
    """`resource` is what a container asks for; None with dra, which asks by a claim of `device_class`.

    Attributes:
        replicas_per_gpu: how many pods the node lets use one GPU; 1 for whole GPUs and slices.
    """

    mode: Literal["none", "time-slicing", "mps", "mig", "dra"]
    resource: str | None
    count: int
    replicas_per_gpu: int = 1
    device_class: str | None = None


def plan_share(num_gpus: int, sharing: GpuSharing) -> GpuShare | None:
    """None for a model without a GPU. Today all GPUs are whole."""
    del sharing
    return GpuShare("none", names.GPU, num_gpus) if num_gpus else None
