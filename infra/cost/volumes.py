"""Claims of a stack: those it names, those a StatefulSet makes a replica, and those a pod brings with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.cost import sizes
from infra.cost.labels import model_of
from infra.cost.types import Unpriced, Volume
from kube.objects import Object, Pod, Stack
from kube.view import View

DEFAULT_CLASS_MARKS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def volumes(stack: Stack) -> Iterator[Volume | Unpriced]:
    """Every claim; Unpriced where its size can't be meant."""
    default = _default_class(stack)
    for view in stack.of_kind("PersistentVolumeClaim"):
        own = view.object
        yield _volume(view, own, own.name, default, count=1)
    for view in stack.of_kind("StatefulSet"):
        for template in view.items("spec.volumeClaimTemplates"):
            name = f"{template.text('metadata.name') or ''}-{view.object.name}"
            yield _volume(template, view.object, name, default)
    for pod in stack.pods:
        yield from _of_pod(pod, default)


def _of_pod(pod: Pod, default: str) -> Iterator[Volume | Unpriced]:
    """Generic ephemeral volumes: one for each pod, as long as it lives. Those of jobs live too short to count."""
    if pod.object.kind in ("Job", "CronJob"):
        return
    for entry in pod.spec.items("volumes"):
        if entry.get("ephemeral.volumeClaimTemplate") is not None:
            template = entry.at("ephemeral.volumeClaimTemplate")
            yield _volume(template, pod.object, f"{pod.object.name}-{entry.text('name') or ''}", default)


def _volume(view: View, owner: Object, name: str, default: str, count: int = 0) -> Volume | Unpriced:
    """`count` 0: the owner's pods have one each."""
    modes = [each.data for each in view.items("spec.accessModes")]
    storage_class = view.text("spec.storageClassName")
    try:
        size = sizes.num_bytes(view.get("spec.resources.requests.storage"), "storage", sizes.MAX_STORAGE_BYTES)
    except sizes.Refused as refused:
        return Unpriced(f"PersistentVolumeClaim {owner.namespace}/{name}", str(refused))
    return Volume(
        namespace=owner.namespace,
        name=name,
        storage_class=storage_class if isinstance(storage_class, str) else default,
        size_bytes=size,
        access_mode=modes[0] if modes and isinstance(modes[0], str) else "",
        model=model_of(owner.labels),
        count=count,
        workload="" if count else f"{owner.namespace}/{owner.name}",
    )


def _default_class(stack: Stack) -> str:
    """The name of the class that is marked so, where the stack brings its classes; else the provider's default."""
    for view in stack.of_kind("StorageClass"):
        marks: Any = view.get("metadata.annotations")
        if isinstance(marks, Mapping) and any(str(marks.get(mark)) == "true" for mark in DEFAULT_CLASS_MARKS):
            return view.object.name
    return ""


def storage_kinds(stack: Stack) -> Mapping[str, str]:
    """What the stack's own classes stand for: `parameters.type` of the provider's disk driver."""
    found = {}
    for view in stack.of_kind("StorageClass"):
        kind = view.get("parameters.type") or view.get("parameters.skuName") or view.get("parameters.skuname")
        if isinstance(kind, str):
            found[view.object.name] = kind
    return found
