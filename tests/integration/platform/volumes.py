"""Plays the storage drivers of a fleet: a volume for every claim that waits for one. Nothing is stored.

As the providers' own: a ReadWriteOnce volume is a disk and stays in the zone of its first pod, a shared one is a file
service and is reached from everywhere. So a pod whose disk lies in another zone stays unplaced here, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import httpx

CLAIMS: Final = "/api/v1/persistentvolumeclaims"
VOLUMES: Final = "/api/v1/persistentvolumes"
NODES: Final = "/api/v1/nodes"
PROVISIONER: Final = "volumes.slipway.test"
SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
ZONE: Final = "topology.kubernetes.io/zone"

Object = dict[str, Any]


def storage_classes(names: Iterable[str]) -> list[Object]:
    """Of our provisioner; a volume is made where its first pod goes, as in every cluster with zones."""
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name},
            "provisioner": PROVISIONER,
            "volumeBindingMode": "WaitForFirstConsumer",
            "reclaimPolicy": "Delete",
        }
        for name in names
    ]


def wanted(claims: Iterable[Mapping[str, Any]], zone_of: Mapping[str, str]) -> list[Object]:
    """The volumes that are to be made now; `zone_of` each node."""
    found = []
    for claim in claims:
        node = (claim["metadata"].get("annotations") or {}).get(SELECTED_NODE)
        if node is not None and node in zone_of and not claim["spec"].get("volumeName"):
            found.append(_volume(claim, zone_of[node]))
    return found


def _volume(claim: Mapping[str, Any], zone: str) -> Object:
    meta, modes = claim["metadata"], claim["spec"]["accessModes"]
    is_shared = not set(modes) <= {"ReadWriteOnce", "ReadWriteOncePod"}
    in_zone = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}
    affinity = {} if is_shared else {"nodeAffinity": {"required": {"nodeSelectorTerms": [in_zone]}}}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"pvc-{meta['uid']}",
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
        },
        "spec": {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": modes,
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": claim["spec"]["storageClassName"],
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"],
            },
            "csi": {"driver": PROVISIONER, "volumeHandle": meta["uid"]},
            **affinity,
        },
    }  # fmt: skip


def look(http: httpx.Client) -> None:
    """Make what is wanted; volumes of claims that are gone are removed."""
    pending = [c for c in _list(http, CLAIMS) if c.get("status", {}).get("phase") == "Pending"]
    if pending:
        zones = {n["metadata"]["name"]: n["metadata"]["labels"].get(ZONE, "") for n in _list(http, NODES)}
        for volume in wanted(pending, zones):
            answer = http.post(VOLUMES, json=volume)
            if answer.is_server_error:  # it is busy, and asked again
                answer.raise_for_status()
            assert answer.status_code in (201, 409, 429), answer.text  # 409: it was made a moment ago
    for volume in _list(http, VOLUMES):
        if volume.get("status", {}).get("phase") == "Released":
            http.delete(f"{VOLUMES}/{volume['metadata']['name']}")


def _list(http: httpx.Client, path: str) -> list[Object]:
    response = http.get(path)
    response.raise_for_status()
    items: list[Object] = response.json()["items"]
    return items
