"""A stack at its most: every autoscaler asks for all it may, and then every model is updated on top of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

import httpx

PATIENCE_S: Final = 180
REFUSED_S: Final = 15.0
"""So long must a refusal stay. A controller is refused for a moment, too: where it overtakes the count of a quota, or
the two write it at once. It tries again by itself, after ten times every few seconds."""
MERGE: Final = {"Content-Type": "application/merge-patch+json"}
UPDATED: Final = {"spec": {"template": {"metadata": {"annotations": {"slipway.test/updated": "true"}}}}}

Object = Mapping[str, Any]


def refused_at_most(http: httpx.Client, namespace: str, refused_s: float = REFUSED_S) -> dict[str, str]:
    """Deployment -> why its controller could not make all pods that it wants then; empty where all are admitted.

    Whether there is room on nodes is another question: pods that wait for some were admitted, too.
    """
    group = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    most = _most(http, namespace)
    for name, replicas in most.items():
        patch = {"spec": {"replicas": replicas}}
        http.patch(f"{group}/{name}/scale", json=patch, headers=MERGE).raise_for_status()
    refused = _settle(http, group, most, refused_s)
    for name in most:
        http.patch(f"{group}/{name}", json=UPDATED, headers=MERGE).raise_for_status()
    surged = {each["metadata"]["name"]: most[each["metadata"]["name"]] + _surge(each) for each in _items(http, group)}
    return refused | _settle(http, group, surged, refused_s)


def _most(http: httpx.Client, namespace: str) -> dict[str, int]:
    """By HPA or ScaledObject; what a Deployment says itself where it has neither."""
    most = {
        each["metadata"]["name"]: each["spec"].get("replicas", 1)
        for each in _items(http, f"/apis/apps/v1/namespaces/{namespace}/deployments")
    }
    for each in _items(http, f"/apis/autoscaling/v2/namespaces/{namespace}/horizontalpodautoscalers"):
        most[each["spec"]["scaleTargetRef"]["name"]] = each["spec"]["maxReplicas"]
    for each in _items(http, f"/apis/keda.sh/v1alpha1/namespaces/{namespace}/scaledobjects"):
        most[each["spec"]["scaleTargetRef"]["name"]] = each["spec"].get("maxReplicaCount", 100)
    return most


def _surge(deployment: Object) -> int:
    """Pods above the number during an update."""
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    surge = rolling.get("maxSurge", 0)
    if isinstance(surge, str):
        return -(-int(surge.removesuffix("%")) * int(deployment["spec"]["replicas"]) // 100)
    return int(surge)


def _settle(http: httpx.Client, group: str, wanted: Mapping[str, int], refused_s: float) -> dict[str, str]:
    """Until each has its pods, or is told again and again that it can't."""
    end = time.monotonic() + PATIENCE_S
    refused_since: dict[str, float] = {}
    while True:
        found = {each["metadata"]["name"]: each for each in _items(http, group)}
        refused = {name: why for name, each in found.items() if (why := _failure(each["status"]))}
        now = time.monotonic()
        refused_since = {name: refused_since.get(name, now) for name in refused}
        for_good = {name for name, since in refused_since.items() if now - since >= refused_s}
        missing = [n for n in wanted if n not in for_good and (n in refused or not _has(found[n], wanted[n]))]
        if not missing:
            return {name: refused[name] for name in for_good}
        assert now < end, f"after {PATIENCE_S} s not settled: {missing}"
        time.sleep(0.2)


def _has(deployment: Object, num: int) -> bool:
    """Whether its controller has seen what is asked of it, and has made so many pods."""
    status = deployment["status"]
    is_seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return bool(is_seen and status.get("replicas", 0) >= num)


def _failure(status: Object) -> str:
    conditions = status.get("conditions", [])
    said = [one["message"] for one in conditions if one["type"] == "ReplicaFailure" and one["status"] == "True"]
    return " ".join(said)


def _items(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    response = http.get(path)
    response.raise_for_status()
    items: list[dict[str, Any]] = response.json()["items"]
    return items
