"""What of a node's price each pod on it pays: OpenCost's division, and what is left over is idle.

The node's price is split so that CPU, memory and GPU keep the ratio of their base prices and sum to the node's price; a
pod pays for what it requests. Source: OpenCost specification 1.0, appendix A; base prices: its configs/default.json.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from infra.cost.types import Node, NodeType, Resources
from infra.units import GI

CPU_HOUR = Fraction("0.031611")  # of one core
MEMORY_GIB_HOUR = Fraction("0.004237")
GPU_HOUR = Fraction("0.95")


@dataclass(frozen=True, slots=True)
class Share:
    """Dollars an hour."""

    gpu: Fraction
    cpu_memory: Fraction

    @property
    def whole(self) -> Fraction:
        """All of it."""
        return self.gpu + self.cpu_memory


def share(requests: Resources, node: NodeType, price: Fraction) -> Share:
    """What these requests cost on a node of that price."""
    factor = price / _base(node.cpu_m, node.memory_bytes, node.gpus)
    return Share(requests.gpus * GPU_HOUR * factor, _base(requests.cpu_m, requests.memory_bytes, 0) * factor)


def idle(node: Node, price: Fraction) -> Fraction:
    """Dollars an hour that no pod requests: unused room, what the system reserves, and daemon sets."""
    return price - sum(
        (share(workload.shape.requests, node.type, price).whole * count for workload, count in node.pods),
        start=Fraction(0),
    )


def _base(cpu_m: int, memory_bytes: int, gpus: int) -> Fraction:
    return Fraction(cpu_m, 1000) * CPU_HOUR + Fraction(memory_bytes, GI) * MEMORY_GIB_HOUR + gpus * GPU_HOUR
