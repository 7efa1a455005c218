"""Answers as API servers give them, cut down to what is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.doctor import answers as paths
from slipway.doctor.answers import Answers, Right
from slipway.doctor.cluster import Cluster

Object = dict[str, Any]


def listed(*items: Object) -> Object:
    """A list of objects."""
    return {"items": list(items)}


def groups(*versions: str) -> Object:
    """The groups that are served, in these versions."""
    return {"groups": [{"versions": [{"groupVersion": version}]} for version in versions]}


def an(name: str, labels: Mapping[str, str] | None = None, **fields: Any) -> Object:
    """An object."""
    return {"metadata": {"name": name, "labels": dict(labels or {})}, **fields}


def node(name: str = "node", gpus: int = 0, labels: Mapping[str, str] | None = None, *taints: Object) -> Object:
    """A node; with GPUs it has the labels that gpu-feature-discovery gives to a 24 GB one."""
    found = {"nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.memory": "23034"} if gpus else {}
    status = {
        "allocatable": {"cpu": "8", **({"nvidia.com/gpu": str(gpus)} if gpus else {})},
        "nodeInfo": {"containerRuntimeVersion": "containerd://2.1.4"},
    }
    return an(name, {**found, **(labels or {})}, spec={"taints": list(taints)}, status=status)


def running(name: str, **labels: str) -> Object:
    """A Deployment with a ready pod."""
    return an(name, labels, status={"readyReplicas": 1})


def api_service(name: str, *, is_available: bool = True) -> Object:
    """An aggregated API."""
    return an(name, status={"conditions": [{"type": "Available", "status": str(is_available)}]})


def cluster(
    bodies: Mapping[str, Object] | None = None,
    *,
    minor: str = "36",
    forbidden: frozenset[str] = frozenset(),
    rights: Mapping[Right, bool] | None = None,
) -> Cluster:
    """What was asked of a server that has nothing but what is named."""
    version = {"major": "1", "minor": minor}
    return Cluster(Answers({paths.VERSION: version, **(bodies or {})}, forbidden, rights or {}))
