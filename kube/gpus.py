"""How many GPUs a container or a pod asks for, whoever made them.

Knows the names that device plugins give GPUs as extended resources. Knows no node type, no memory size and no price.

Source: kubernetes.io "Schedule GPUs"; the device plugins of NVIDIA (whole, slices, time-shared), AMD, Intel, Habana.
"""

from __future__ import annotations

from typing import Any

from kube import quantity
from kube.objects import Pod
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View

WHOLE = "nvidia.com/gpu"
"""A GPU of NVIDIA, not a part of one: what the machines in the tables are counted in."""
RESOURCES = (
    WHOLE,
    "nvidia.com/gpu.shared",
    "amd.com/gpu",
    "gpu.intel.com/i915",
    "gpu.intel.com/xe",
    "habana.ai/gaudi",
)
"""Whole GPUs by name; a slice of an NVIDIA GPU is named by its size, see `is_gpu`."""

_SLICES = "nvidia.com/mig-"


def is_gpu(resource: str) -> bool:
    """Whether a resource of that name is a GPU or a slice of one."""
    return resource in RESOURCES or resource.startswith(_SLICES)


def requests(container: View) -> Any:
    """The GPUs of a container, all kinds together: 0 for none, UNKNOWN where that is not known yet.

    The limit counts; a request without a limit, which the API server refuses, counts as the limit that was meant.
    """
    counts = by_resource(container).values()
    is_open = is_unknown(container.get("resources.limits"), container.get("resources.requests"))
    return UNKNOWN if is_open and not counts else sum(counts)


def by_resource(container: View) -> dict[str, Any]:
    """The GPUs of a container by the name of the resource. What is no quantity is left out."""
    found: dict[str, Any] = {}
    for field in ("resources.requests", "resources.limits"):
        for name, value in container.entries(field).items():
            count = quantity.parse(value.data) if is_gpu(name) else None
            if count is not None:
                found[name] = count
    return found


def of_pod(pod: Pod) -> Any:
    """The GPUs that a pod holds: those of its main containers together, or of one init container if that is more."""
    main = [requests(container) for container in pod.main_containers]
    init = [requests(container) for container in pod.spec.items("initContainers")]
    if is_unknown(*main, *init, pod.spec.get("containers"), pod.spec.get("initContainers")):
        return UNKNOWN
    return max(sum(main), *init, 0)
