"""The labels that a bought node carries: the well-known ones, the provider's own for spot and GPUs, then the pool's.

A zone is written as its provider does: what of it is the region is its label, too.

Sources: kubernetes.io/docs/reference/labels-annotations-taints; NVIDIA gpu-feature-discovery; the providers' node docs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from infra.cost.types import Capacity, NodeType, Pool
from infra.units import MI

GPU_RESOURCE: Final = "nvidia.com/gpu"
WELL_KNOWN: Final = frozenset(
    {
        "kubernetes.io/hostname",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "karpenter.sh/capacity-type",
    }
)
"""What every node carries."""
_ZONE_IN_REGION: Final = re.compile(r"(?<=\d)[a-z]$|-[a-z0-9]$")
"""us-east-1a, europe-west4-a, eastus-1."""
_SPOT = {
    "aws": {"eks.amazonaws.com/capacityType": "SPOT"},
    "gcp": {"cloud.google.com/gke-spot": "true"},
    "azure": {"kubernetes.azure.com/scalesetpriority": "spot"},
}


def labels_of(pool: Pool, node: NodeType, zone: str) -> dict[str, str]:
    """All labels but the host name, which no two nodes share."""
    is_spot = pool.capacity is Capacity.SPOT
    return {
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": node.arch,
        "node.kubernetes.io/instance-type": node.name,
        "topology.kubernetes.io/zone": zone,
        "topology.kubernetes.io/region": _ZONE_IN_REGION.sub("", zone),
        "karpenter.sh/capacity-type": pool.capacity.value,
        **(_SPOT.get(node.provider, {}) if is_spot else {}),
        **_gpu_labels(node),
        **pool.labels,
    }


def _gpu_labels(node: NodeType) -> Mapping[str, str]:
    if not node.gpus:
        return {}
    return {
        f"{GPU_RESOURCE}.present": "true",
        f"{GPU_RESOURCE}.count": str(node.gpus),
        f"{GPU_RESOURCE}.memory": str(node.gpu_memory_bytes // MI),
        **({f"{GPU_RESOURCE}.product": node.gpu_product} if node.gpu_product else {}),
    }
