"""Kubernetes objects in few words, for tests of what is read from them."""

from __future__ import annotations

from typing import Any

from kube.objects import Object, Pod, Stack
from kube.unknown import UNKNOWN

__all__ = ["UNKNOWN", "manifest", "objects", "pod_of", "pod_spec", "stack", "workload"]


def manifest(kind: str, name: str = "app", *, metadata: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    """An object in the namespace `slipway`."""
    return {"kind": kind, "metadata": {"name": name, "namespace": "slipway", **(metadata or {})}, **body}


def pod_spec(cpu: Any = "1", memory: Any = "4Gi", **fields: Any) -> dict[str, Any]:
    """One container that asks for this much; more fields of the pod's spec."""
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value is not None}
    return {"containers": [{"name": "main", "resources": {"requests": requests}}], **fields}


def workload(
    kind: str = "Deployment", name: str = "app", spec: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """Something with a pod template; more fields of its own spec."""
    template = {"metadata": {"labels": {"app": name}}, "spec": spec or pod_spec()}
    return manifest(kind, name, spec={"template": template, **fields})


def objects(*data: dict[str, Any]) -> list[Object]:
    """As a source gives them."""
    return [Object(each, f"file:{index}") for index, each in enumerate(data)]


def stack(*data: dict[str, Any]) -> Stack:
    """All that exist together."""
    return Stack(tuple(objects(*data)))


def pod_of(spec: dict[str, Any]) -> Pod:
    """The pod of a Pod."""
    [pod] = stack(manifest("Pod", spec=spec)).pods
    return pod
