"""Which kinds are waited for: by which function, how long, and what that function wants to see beside the object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.objects import api_version_of, kind_of, name_of, section
from tools.plugins.kubernetes.readiness import network, others, pods, storage, workloads
from tools.plugins.kubernetes.readiness.verdict import Judge, always
from tools.plugins.kubernetes.values import Object

DEFAULT_TIMEOUT_S: Final = 600.0


def _everything(_live: Object) -> str:
    return ""


def _by_selector(live: Object) -> str:
    """The label selector of a workload; its `matchExpressions` are left to the check of who owns what."""
    labels = section(live, "spec", "selector", "matchLabels") or _plain_selector(live)
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _plain_selector(live: Object) -> Object:
    """A ReplicationController has its labels right below `selector`."""
    selector = section(live, "spec", "selector")
    return selector if all(isinstance(value, str) for value in selector.values()) else {}


def _by_service(live: Object) -> str:
    return f"{network.SERVICE_LABEL}={name_of(live)}"


@dataclass(frozen=True, slots=True)
class Relation:
    """A kind to look at, and which objects of it, by label selector."""

    kind: Kind
    labels: Callable[[Object], str] = _everything


@dataclass(frozen=True, slots=True)
class Awaiter:
    """How to wait for a kind."""

    judge: Judge
    related: tuple[Relation, ...] = ()
    timeout_s: float = DEFAULT_TIMEOUT_S


PODS: Final = Relation(Kind("v1", "Pod"), _by_selector)
SLICES: Final = Kind("discovery.k8s.io/v1", "EndpointSlice")

NOTHING: Final = Awaiter(always)

AWAITERS: Final = {
    ("apps/v1", "DaemonSet"): Awaiter(workloads.daemon_set, (PODS,)),
    ("apps/v1", "Deployment"): Awaiter(
        workloads.deployment,
        (
            Relation(Kind("apps/v1", "ReplicaSet"), _by_selector),
            PODS,
            Relation(Kind("v1", "PersistentVolumeClaim")),
        ),
    ),
    ("apps/v1", "StatefulSet"): Awaiter(workloads.stateful_set, (PODS,)),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): Awaiter(others.definition),
    ("batch/v1", "Job"): Awaiter(pods.job, (PODS,)),
    ("networking.k8s.io/v1", "Ingress"): Awaiter(network.ingress, (Relation(Kind("v1", "Service")), Relation(SLICES))),
    ("v1", "Namespace"): Awaiter(others.namespace),
    ("v1", "PersistentVolume"): Awaiter(storage.volume, timeout_s=300.0),
    ("v1", "PersistentVolumeClaim"): Awaiter(
        storage.claim, (Relation(Kind("storage.k8s.io/v1", "StorageClass")),), timeout_s=300.0
    ),
    ("v1", "Pod"): Awaiter(pods.pod),
    ("v1", "ReplicationController"): Awaiter(workloads.replication_controller, (PODS,)),
    ("v1", "ResourceQuota"): Awaiter(others.quota, timeout_s=60.0),
    ("v1", "Secret"): Awaiter(others.secret),
    ("v1", "Service"): Awaiter(network.service, (Relation(SLICES, _by_service),)),
}

STOPPABLE: Final = frozenset(
    {
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("v1", "Namespace"),
        ("v1", "Pod"),
        ("v1", "ReplicationController"),
    }
)
"""Kinds whose deletion is not waited for either when they carry the skipAwait annotation."""


def awaiter_of(obj: Object) -> Awaiter:
    """How to wait for an object; kinds that nobody knows are ready as soon as they are there."""
    return AWAITERS.get((api_version_of(obj), kind_of(obj)), NOTHING)
