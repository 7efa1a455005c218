"""What of a node's price each pod on it pays: OpenCost's division, and what is left over is idle.

The node's price is split so that CPU, memory and GPU keep the ratio of their base prices and sum to the node's price; a
pod pays for what it requests. Source: OpenCost specification 1.0, appendix A; base prices: its configs/default.json.

Base prices are counted in a unit so small that those of a millicore and of a byte are whole: sums are exact and fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from infra.cost.types import Node, NodeType, Resources
from infra.units import GI

CPU_HOUR: Final = Fraction("0.031611")  # dollars, of one core
MEMORY_GIB_HOUR: Final = Fraction("0.004237")
GPU_HOUR: Final = Fraction("0.95")

UNITS: Final = 10**9 * GI
"""Of a dollar."""
_CPU_M: Final = int(CPU_HOUR / 1000 * UNITS)
_BYTE: Final = int(MEMORY_GIB_HOUR / GI * UNITS)
_GPU: Final = int(GPU_HOUR * UNITS)


@dataclass(frozen=True, slots=True)
class Base:
    """What resources cost an hour at base prices, in UNITS."""

    gpu: int
    cpu_memory: int

    @property
    def whole(self) -> int:
        """All of it."""
        return self.gpu + self.cpu_memory


@dataclass(frozen=True, slots=True)
class Share:
    """Dollars an hour."""

    gpu: Fraction
    cpu_memory: Fraction

    @property
    def whole(self) -> Fraction:
        """All of it."""
        return self.gpu + self.cpu_memory


def base(of: Resources | NodeType) -> Base:
    """Of what a pod requests, or of a whole machine."""
    return Base(of.gpus * _GPU, of.cpu_m * _CPU_M + of.memory_bytes * _BYTE)


def share(requests: Resources, node: NodeType, price: Fraction) -> Share:
    """What these requests cost on a node of that price."""
    mine, whole = base(requests), base(node).whole
    return Share(price * mine.gpu / whole, price * mine.cpu_memory / whole)


def idle(node: Node, price: Fraction) -> Fraction:
    """Dollars an hour that no pod requests: unused room, what the system reserves, and daemon sets."""
    return price * (base(node.type).whole - used(node)) / base(node.type).whole


def used(node: Node) -> int:
    """What its pods request, at base prices."""
    return sum(base(workload.shape.requests).whole * count for workload, count in node.pods)
