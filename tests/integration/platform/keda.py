"""Plays KEDA on a fleet: an HPA for every ScaledObject, with its bounds. No trigger is read, so there is no load.

As KEDA names it and owns it; zero replicas are its own business, an HPA begins at one.
"""

from __future__ import annotations

from typing import Any, Final

import httpx

SCALED_OBJECTS: Final = "/apis/keda.sh/v1alpha1/scaledobjects"
SCALERS: Final = "/apis/autoscaling/v2/{}horizontalpodautoscalers"
NO_LOAD: Final = {"metric": {"name": "s0-played"}, "target": {"type": "AverageValue", "averageValue": "1"}}


def look(http: httpx.Client) -> None:
    """Make what is missing."""
    wanted = {_where(each): each for each in _list(http, SCALED_OBJECTS)}
    there = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in _list(http, SCALERS.format(""))}
    for where, each in wanted.items():
        if where not in there:
            http.post(SCALERS.format(f"namespaces/{where[0]}/"), json=scaler(each))  # refused while its namespace ends


def scaler(scaled: dict[str, Any]) -> dict[str, Any]:
    """What KEDA makes of a ScaledObject."""
    meta, spec = scaled["metadata"], scaled["spec"]
    owner = {"apiVersion": scaled["apiVersion"], "kind": scaled["kind"], "name": meta["name"], "uid": meta["uid"]}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", **spec["scaleTargetRef"]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": _where(scaled)[1], "ownerReferences": [owner]},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": max(spec.get("minReplicaCount", 0), 1),
            "maxReplicas": max(spec.get("maxReplicaCount", 100), 1),
            "metrics": [{"type": "External", "external": NO_LOAD}],
        },
    }


def _where(scaled: dict[str, Any]) -> tuple[str, str]:
    """Namespace and name of its HPA."""
    return scaled["metadata"]["namespace"], f"keda-hpa-{scaled['metadata']['name']}"


def _list(http: httpx.Client, path: str) -> list[dict[str, Any]]:
    response = http.get(path)
    response.raise_for_status()
    items: list[dict[str, Any]] = response.json()["items"]
    return items
