"""Workloads, offers and what is between them as objects of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.cost.node_labels import GPU_RESOURCE
from infra.cost.offers import Offer
from infra.cost.scheduling import HOSTNAME, pod_labels
from infra.cost.types import Resources, Workload
from tests.conformance.fleet.control_plane import LOTS, SIMULATED, bit_labels

STACK = "slipway.dev/stack"
BARRIER = "slipway.dev/barrier"


def pod(workload: Workload, name: str, *, node: str | None = None, scheduler: str = LOTS) -> dict[str, Any]:
    """One of its pods, as its controller would make it; a daemon's is for one node."""
    labels = {key: value.replace("/", ".") for key, value in pod_labels(workload).items()}
    requests = _requests(workload.shape.requests)
    limits = {GPU_RESOURCE: requests[GPU_RESOURCE]} if GPU_RESOURCE in requests else {}
    container = {"name": "main", "image": "main", "resources": {"requests": requests, "limits": limits}}
    spec = {
        **workload.shape.spec,
        "containers": [container],
        "terminationGracePeriodSeconds": 0,
        "schedulerName": scheduler,
    }
    if node:
        spec["nodeName"] = node
    return {"metadata": {"name": name, "namespace": workload.namespace, "labels": labels}, "spec": spec}


def bought(offer: Offer, stack: str, name: str, number: int) -> dict[str, Any]:
    """A node of that kind, with all its room: the daemons' pods take theirs."""
    room = {**_requests(offer.whole), "pods": str(offer.type.max_pods)}
    node = _node(offer, stack, name, hostname=name, room=room)
    node["metadata"]["labels"] |= bit_labels(number)
    return node


def placeholder(offer: Offer, stack: str, name: str, hostname: str) -> dict[str, Any]:
    """A node on which nothing has room, so that its zone is known. It is no host of its own: it has the host name of
    another one.
    """
    return _node(offer, stack, name, hostname=hostname, room={"cpu": "0", "memory": "0", "pods": "0"})


def barrier_node(name: str) -> dict[str, Any]:
    """A node for one pod that asks for it."""
    room = {"cpu": "1", "memory": "1Gi", "pods": "1"}
    return {"metadata": {"name": name, "labels": {BARRIER: name}}, "status": {"capacity": room, "allocatable": room}}


def barrier_pod(namespace: str, name: str) -> dict[str, Any]:
    """The pod that asks for it."""
    spec = {"containers": [{"name": "main", "image": "main"}], "nodeSelector": {BARRIER: name}}
    return {"metadata": {"name": name, "namespace": namespace}, "spec": spec}


def _node(offer: Offer, stack: str, name: str, *, hostname: str, room: Mapping[str, str]) -> dict[str, Any]:
    labels = {**offer.labels, STACK: stack, HOSTNAME: hostname}
    return {
        "metadata": {"name": name, "labels": labels, "annotations": SIMULATED},
        "spec": {"taints": [dict(taint) for taint in offer.taints]},
        "status": {"capacity": dict(room), "allocatable": dict(room)},
    }


def _requests(need: Resources) -> dict[str, str]:
    found = {
        "cpu": f"{need.cpu_m}m" if need.cpu_m else "",
        "memory": str(need.memory_bytes or ""),
        "ephemeral-storage": str(need.ephemeral_bytes or ""),
        GPU_RESOURCE: str(need.gpus or ""),
    }
    return {name: amount for name, amount in found.items() if amount}
