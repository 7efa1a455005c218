"""Dynamic local volumes: a directory for each claim of our storage classes.

`plan` is pure: claims, volumes and classes in, actions out. Volumes are of type `local`, so that the kubelet applies a
pod's fsGroup. A directory is removed only after its volume was released and its class says Delete.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tools.cluster.addons import PROVISIONER
from tools.cluster.kube import Kube, Object
from tools.cluster.layout import NAME

CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
WATCHED = (CLAIMS, VOLUMES, CLASSES)
SELECTED_NODE = "volume.kubernetes.io/selected-node"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


@dataclass(frozen=True, slots=True)
class Create:
    """Make a directory and its volume."""

    volume: Object


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete a released volume and its directory."""

    name: str
    path: str


def plan(
    claims: Iterable[Object], volumes: Iterable[Object], classes: Iterable[Object], root: Path
) -> list[Create | Remove]:
    """What is to be done now."""
    volumes = list(volumes)
    ours = {c["metadata"]["name"]: c for c in classes if c["provisioner"] == PROVISIONER}
    have = {v["metadata"]["name"] for v in volumes}
    actions: list[Create | Remove] = []
    for claim in claims:
        storage_class = ours.get(claim["spec"].get("storageClassName") or "")
        if storage_class and _wants_volume(claim, storage_class) and volume_name(claim) not in have:
            actions.append(Create(_volume(claim, storage_class, root)))
    for volume in volumes:
        annotations = volume["metadata"].get("annotations") or {}
        released = volume.get("status", {}).get("phase") == "Released"
        deletable = volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        if annotations.get(PROVISIONED_BY) == PROVISIONER and released and deletable:
            actions.append(Remove(volume["metadata"]["name"], volume["spec"]["local"]["path"]))
    return actions


def volume_name(claim: Object) -> str:
    """Unique for the life of a claim."""
    return f"pvc-{claim['metadata']['uid']}"


def _wants_volume(claim: Object, storage_class: Object) -> bool:
    if claim.get("status", {}).get("phase") != "Pending" or claim["spec"].get("volumeName"):
        return False
    waits = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not waits or SELECTED_NODE in (claim["metadata"].get("annotations") or {})


def _volume(claim: Object, storage_class: Object, root: Path) -> Object:
    meta = claim["metadata"]
    name = volume_name(claim)
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
            "accessModes": claim["spec"]["accessModes"],
            "volumeMode": "Filesystem",
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "storageClassName": storage_class["metadata"]["name"],
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": meta["namespace"],
                "name": meta["name"],
                "uid": meta["uid"],
            },
            "local": {"path": str(root / name)},
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [NAME]}]}
                    ]
                }
            },
        },
    }


def reconcile(kube: Kube, root: Path) -> None:
    """Look, plan, act."""
    for action in plan(kube.list(CLAIMS), kube.list(VOLUMES), kube.list(CLASSES), root):
        match action:
            case Create(volume):
                path = Path(volume["spec"]["local"]["path"])
                path.mkdir(parents=True, exist_ok=True)
                path.chmod(0o777)  # any pod's user may write, as with every local provisioner; fsGroup narrows it
                kube.create(VOLUMES, volume)
            case Remove(name, path):
                # Only below our own folder, whatever the object says.
                if Path(path).parent == root:
                    shutil.rmtree(path, ignore_errors=True)
                kube.delete(f"{VOLUMES}/{name}")
