"""Stacks, machines and prices that tests of the cost engine share: real sizes and list prices of us-east-1."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from infra.cost.book import Price
from infra.cost.market import Market
from infra.cost.report import Prices as Facts
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Confidence, Demand, NodeType, Pool, Resources, Shape, Workload
from infra.units import GI

A10G = "NVIDIA-A10G"
G5 = NodeType("aws", "g5.xlarge", 4000, 16 * GI, 1, A10G, 24 * GI, max_pods=58)
G5_12 = NodeType("aws", "g5.12xlarge", 48000, 192 * GI, 4, A10G, 24 * GI, max_pods=234)
C5 = NodeType("aws", "c5.4xlarge", 16000, 32 * GI, max_pods=234)
HOURLY = {"g5.xlarge": "1.006", "g5.12xlarge": "5.672", "c5.4xlarge": "0.68"}
GPU_TAINT = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}
TOLERATES_GPU = {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]}
GPU_POOL = Pool("gpu", (G5,), Capacity.ON_DEMAND, taints=(GPU_TAINT,))
CPU_POOL = Pool("cpu", (C5,), Capacity.ON_DEMAND)
TODAY = datetime.date(2026, 8, 1)
FACTS = Facts("1", "0" * 64, datetime.date(2026, 7, 20), 12, ("a list",))


def listed(amount: str | Fraction) -> Price:
    """One list price."""
    value = Fraction(amount)
    return Price(value, value, value, Confidence.LIST_PRICE, "a list")


@dataclass(frozen=True)
class FakePrices:
    """A price book of a few lines. Spot costs these shares of the on-demand price: low, typical, high."""

    hourly: Mapping[str, str] = field(default_factory=lambda: HOURLY)
    spot: tuple[str, str, str] | None = ("0.4", "0.5", "0.7")

    def machine(self, node: NodeType, capacity: Capacity) -> Price | None:
        """By name."""
        if node.name not in self.hourly:
            return None
        whole = Fraction(self.hourly[node.name])
        if capacity is Capacity.ON_DEMAND:
            return listed(whole)
        if self.spot is None:
            return None
        low, typical, high = (whole * Fraction(share) for share in self.spot)
        return Price(low, typical, high, Confidence.ASSUMED, "shares", "over zones")

    def storage(self, storage_class: str) -> Price | None:
        """One class."""
        return listed("0.08") if storage_class == "gp3" else None

    def load_balancer(self) -> Price | None:
        """As an ALB."""
        return listed("0.0225")

    def control_plane(self) -> Price | None:
        """As of EKS."""
        return listed("0.10")

    def egress(self) -> Price | None:
        """The first step."""
        return listed("0.09")

    def nat(self) -> Price | None:
        """A GB."""
        return listed("0.045")

    def nat_gateway(self) -> Price | None:
        """An hour."""
        return listed("0.045")


def settings(*pools: Pool, **changed: Any) -> CostSettings:
    """Of a stack without a control plane to pay, so that totals are those of nodes."""
    plain = {"provider": "aws", "region": "us-east-1", "pools": pools or (GPU_POOL, CPU_POOL)}
    return CostSettings(**{**plain, "has_control_plane": False, "scale_ups_per_day": Fraction(0), **changed})


def market(*pools: Pool, prices: FakePrices | None = None, **changed: Any) -> Market:
    """Those settings and prices."""
    return Market(settings(*pools, **changed), prices or FakePrices())


def workload(
    name: str = "app",
    replicas: tuple[int, int] = (1, 1),
    *,
    cpu_m: int = 1000,
    memory_gib: int = 4,
    gpus: int = 0,
    spec: Mapping[str, Any] | None = None,
    **changed: Any,
) -> Workload:
    """Pods of one shape; with GPUs they tolerate their taint."""
    own = (TOLERATES_GPU if gpus else {}) if spec is None else spec
    shape = Shape(Resources(cpu_m, memory_gib * GI, gpus), {"app": name}, own)
    least, most = replicas
    return Workload("Deployment", "slipway", name, shape, least, most, **changed)


def server(name: str = "llama", replicas: tuple[int, int] = (1, 1), **changed: Any) -> Workload:
    """A model's pods: 1 GPU, 3 CPU, 12 GiB."""
    return workload(name, replicas, cpu_m=3000, memory_gib=12, gpus=1, model=name, **changed)


def demand(*workloads: Workload, **changed: Any) -> Demand:
    """Of these alone."""
    return Demand(workloads, **changed)
