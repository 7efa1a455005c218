"""Plays KEDA on a fleet: an HPA for every ScaledObject, with its bounds. No trigger is read, so there is no load.

As KEDA names it and owns it; zero replicas are its own business, an HPA begins at one.
"""

from __future__ import annotations

from typing import Any, Final

import httpx

SCALED_OBJECTS: Final = "/apis/keda.sh/v1alpha1/scaledobjects"
SCALERS: Final = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"
NO_LOAD: Final = {"metric": {"name": "s0-played"}, "target": {"type": "AverageValue", "averageValue": "1"}}


def look(http: httpx.Client) -> None:
    """Make what is missing."""
    response = http.get(SCALED_OBJECTS)
    response.raise_for_status()
    for each in response.json()["items"]:
        path = SCALERS.format(each["metadata"]["namespace"])
        if http.get(f"{path}/keda-hpa-{each['metadata']['name']}").status_code == 404:
            http.post(path, json=scaler(each))  # refused while its namespace ends


def scaler(scaled: dict[str, Any]) -> dict[str, Any]:
    """What KEDA makes of a ScaledObject."""
    meta, spec = scaled["metadata"], scaled["spec"]
    owner = {"apiVersion": scaled["apiVersion"], "kind": scaled["kind"], "name": meta["name"], "uid": meta["uid"]}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", **spec["scaleTargetRef"]}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": f"keda-hpa-{meta['name']}", "ownerReferences": [owner]},
        "spec": {
            "scaleTargetRef": target,
            "minReplicas": max(spec.get("minReplicaCount", 0), 1),
            "maxReplicas": max(spec.get("maxReplicaCount", 100), 1),
            "metrics": [{"type": "External", "external": NO_LOAD}],
        },
    }
