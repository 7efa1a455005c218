"""Node objects of a fleet, by the table in nodes.yaml. Pure: knows neither KWOK's process nor an API server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FLAVOURS: Final = ("aws", "gke", "aks")
SIMULATED: Final = {"kwok.x-k8s.io/node": "fake"}
"""The annotation of nodes whose kubelet KWOK plays."""
SPOT: Final = "slipway.test/spot"
POOL: Final = "slipway.test/pool"
"""Labels of ours, for the tests' eyes only."""
GPU: Final = "nvidia.com/gpu"

Node = dict[str, Any]


@cache
def table() -> Mapping[str, Any]:
    """nodes.yaml."""
    found: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("nodes.yaml").read_text(encoding="utf-8"))
    return found


def nodes(flavour: str) -> Iterator[Node]:
    """All nodes of a flavour: every pool in every zone."""
    provider = table()["flavours"][flavour]
    for pool in table()["pools"]:
        for zone in provider["zones"]:
            for number in range(pool["per_zone"]):
                capacity = "-spot" if pool.get("spot") else ""
                yield _node(f"{pool['name']}{capacity}-{zone}-{number}", pool, zone, provider)


def is_spot(node: Mapping[str, Any]) -> bool:
    """Whether its provider may take it back."""
    return bool(node["metadata"]["labels"][SPOT] == "true")


def spot_labels(flavour: str) -> set[tuple[str, str]]:
    """What tells a provider's spot nodes from its others."""
    provider = table()["flavours"][flavour]
    labels = {name: set(provider[name]["labels"].items()) for name in ("spot", "on_demand")}
    found: set[tuple[str, str]] = labels["spot"] - labels["on_demand"]
    return found


def _node(name: str, pool: Mapping[str, Any], zone: str, provider: Mapping[str, Any]) -> Node:
    capacity = provider["spot" if pool.get("spot") else "on_demand"]
    kind = provider.get(pool["name"], {})
    room = {"cpu": pool["cpu"], "memory": pool["memory"], "pods": str(pool["pods"]), "ephemeral-storage": "180Gi"}
    if pool.get("gpus"):
        room[GPU] = str(pool["gpus"])
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": provider["machines"][pool["name"]],
        "topology.kubernetes.io/zone": zone,
        "topology.kubernetes.io/region": provider["region"],
        POOL: pool["name"],
        SPOT: str(bool(pool.get("spot"))).lower(),
        **capacity.get("labels", {}),
        **kind.get("labels", {}),
        **(_discovered(pool) if pool.get("gpus") else {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": dict(SIMULATED)},
        "spec": {"taints": [*capacity.get("taints", []), *kind.get("taints", [])]},
        "status": {"capacity": room, "allocatable": room},
    }


def _discovered(pool: Mapping[str, Any]) -> dict[str, str]:
    """What gpu-feature-discovery writes."""
    gpu = table()["gpus"][pool["name"]]
    found = {"present": "true", "count": str(pool["gpus"]), "replicas": "1", "sharing-strategy": "none"}
    return {f"{GPU}.{key}": str(value) for key, value in {**found, **gpu}.items()}
