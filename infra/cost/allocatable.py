"""What of a node is left for pods, by the formula of each provider's nodes.

Sources: karpenter-provider-aws pkg/providers/instancetype/types.go (EKS); learn.microsoft.com/azure/aks
node-resource-reservations (AKS 1.29 and newer); cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes (GKE).
Ephemeral storage is the boot disk's, which is a setting of a pool and not of a type: it is taken as unbounded.
"""

from __future__ import annotations

from fractions import Fraction

from infra.cost.types import NodeType, Resources
from infra.units import GI, MI

UNBOUNDED = 2**62
VM_OVERHEAD = Fraction(75, 1000)  # of an AWS machine's memory, which its hypervisor keeps
HARD_EVICTION_BYTES = 100 * MI


def allocatable(node: NodeType) -> Resources:
    """Room for pods and daemon sets on one node; whole-machine figures for a provider that has no formula here."""
    formulas = {"aws": _eks, "azure": _aks, "gcp": _gke}
    formula = formulas.get(node.provider)
    if formula is None:
        return Resources(node.cpu_m, node.memory_bytes, node.gpus, UNBOUNDED)
    cpu_m, memory_bytes = formula(node)
    return Resources(cpu_m, max(memory_bytes, 0), node.gpus, UNBOUNDED)


def _eks(node: NodeType) -> tuple[int, int]:
    reserved = (11 * node.max_pods + 255) * MI + HARD_EVICTION_BYTES
    return node.cpu_m - _cpu_reserve_m(node.cpu_m), _floor(node.memory_bytes * (1 - VM_OVERHEAD)) - reserved


def _gke(node: NodeType) -> tuple[int, int]:
    steps = ((4 * GI, 25), (4 * GI, 20), (8 * GI, 10), (112 * GI, 6), (None, 2))
    reserved, rest = Fraction(0), node.memory_bytes
    for size, percent in steps:
        part = rest if size is None else min(rest, size)
        reserved += Fraction(part * percent, 100)
        rest -= part
    return node.cpu_m - _cpu_reserve_m(node.cpu_m), node.memory_bytes - _floor(reserved) - HARD_EVICTION_BYTES


def _aks(node: NodeType) -> tuple[int, int]:
    reserved = min((20 * node.max_pods + 50) * 10**6, node.memory_bytes // 4)
    return node.cpu_m - _aks_cpu_reserve_m(node.cpu_m), node.memory_bytes - reserved - HARD_EVICTION_BYTES


def _cpu_reserve_m(cpu_m: int) -> int:
    """6 % of the first core, 1 % of the second, 0.5 % of the next two, 0.25 % of all beyond (EKS and GKE)."""
    reserved, rest = Fraction(0), cpu_m
    for size, per_mille in ((1000, Fraction(60)), (1000, Fraction(10)), (2000, Fraction(5)), (None, Fraction(5, 2))):
        part = rest if size is None else min(rest, size)
        reserved += part * per_mille / 1000
        rest -= part
    return -(-reserved.numerator // reserved.denominator)


def _aks_cpu_reserve_m(cpu_m: int) -> int:
    """By cores: 60, 100, 140, 180, 260, 420, 740 for 1, 2, 4, 8, 16, 32, 64; the next lower row in between."""
    rows = ((64, 740), (32, 420), (16, 260), (8, 180), (4, 140), (2, 100), (0, 60))
    return next(reserved for cores, reserved in rows if cpu_m >= cores * 1000)


def _floor(amount: Fraction) -> int:
    return amount.numerator // amount.denominator
