"""What a stack takes from a cluster, read off its objects: so that it can't be other than what `up` applies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kube.pod_places import POD_TEMPLATES

Object = Mapping[str, Any]
GPU_PREFIXES: Final = ("nvidia.com/",)
"""Of the resources that a device plugin offers; MIG slices are nvidia.com/mig-..."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Pods of one template: where they may go."""

    name: str
    spec: Mapping[str, Any]

    @property
    def gpus(self) -> Mapping[str, int]:
        """Resource -> how many a pod takes."""
        found: dict[str, int] = {}
        for container in self.spec.get("containers") or ():
            for name, amount in ((container.get("resources") or {}).get("limits") or {}).items():
                if name.startswith(GPU_PREFIXES):
                    found[name] = found.get(name, 0) + int(amount)
        return found


@dataclass(frozen=True, slots=True)
class Needs:
    """`stack` is empty where no stack was named: then nothing is needed but Kubernetes itself."""

    stack: str = ""
    namespaces: tuple[str, ...] = ()
    kinds: frozenset[tuple[str, str, str]] = frozenset()
    """API version, kind and namespace of every object."""
    ingress_classes: frozenset[str] = frozenset()
    claims: frozenset[tuple[str, str]] = frozenset()
    """Storage class and access mode."""
    metrics: frozenset[str] = frozenset()
    """Types of HPA metrics."""
    device_classes: frozenset[str] = frozenset()
    workloads: tuple[Workload, ...] = field(default=())

    def has_group(self, group: str) -> bool:
        """Whether the stack has objects of an API group."""
        return any(version.rpartition("/")[0] == group for version, _, _ in self.kinds)

    def has_kind(self, kind: str) -> bool:
        """Whether it has objects of a kind."""
        return any(each == kind for _, each, _ in self.kinds)

    @property
    def uses_image_volumes(self) -> bool:
        """Whether a pod mounts an image."""
        return any("image" in volume for each in self.workloads for volume in each.spec.get("volumes") or ())


def of(stack: str, objects: Iterable[Object]) -> Needs:
    """Of a stack's objects."""
    found = list(objects)
    return Needs(
        stack=stack,
        namespaces=tuple(each["metadata"]["name"] for each in found if each["kind"] == "Namespace"),
        kinds=frozenset((e["apiVersion"], e["kind"], e["metadata"].get("namespace", "")) for e in found),
        ingress_classes=frozenset(_texts(found, "Ingress", "ingressClassName")),
        claims=frozenset(
            (each["spec"].get("storageClassName", ""), mode)
            for each in _of_kind(found, "PersistentVolumeClaim")
            for mode in each["spec"]["accessModes"]
        ),
        metrics=frozenset(
            metric["type"]
            for each in _of_kind(found, "HorizontalPodAutoscaler")
            for metric in each["spec"].get("metrics") or ()
        ),
        device_classes=frozenset(_device_classes(found)),
        workloads=tuple(_workloads(found)),
    )


def _of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    return [each for each in objects if each["kind"] == kind]


def _texts(objects: Iterable[Object], kind: str, field_: str) -> Iterator[str]:
    for each in _of_kind(objects, kind):
        if each["spec"].get(field_):
            yield each["spec"][field_]


def _device_classes(objects: Iterable[Object]) -> Iterator[str]:
    for each in objects:
        if each["kind"] in ("ResourceClaim", "ResourceClaimTemplate"):
            spec = each["spec"].get("spec", each["spec"])
            for request in spec.get("devices", {}).get("requests") or ():
                yield (request.get("exactly") or request).get("deviceClassName", "")


def _workloads(objects: Iterable[Object]) -> Iterator[Workload]:
    for each in objects:
        path = POD_TEMPLATES.get(each["kind"])
        if path:
            template: Any = each
            for key in path.split("."):
                template = template[key]
            yield Workload(f"{each['kind']} {each['metadata']['name']}", template["spec"])
