"""Kubernetes objects as plain data, each with its pods.

Knows identity (kind, namespace, name, origin) and what pods have. Knows no rule, no Pulumi, no file format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from kube.pod_places import BELOW, Place, places
from kube.pod_places import POD_TEMPLATES as POD_TEMPLATES  # also asked for here
from kube.unknown import UNKNOWN, is_unknown
from kube.view import Trace, View

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True)
class Object:
    """One object. `origin` says where it came from: a URN, or a file and line.

    Fields of a patch that are absent are not absent in the object it patches: they read as UNKNOWN.
    """

    data: Mapping[str, Any]
    origin: str = ""
    is_patch: bool = False
    has_secrets: frozenset[str] = frozenset()
    """Paths of values that the origin marks as secret."""
    find_line: Callable[[str], int] | None = field(default=None, compare=False, repr=False)
    """The line of a path in the file it came from, where that is known."""

    @cached_property
    def api_version(self) -> str:
        """Such as `apps/v1`; empty where it is missing or unknown."""
        return _text(self.data.get("apiVersion"))

    @cached_property
    def group(self) -> str:
        """Such as `apps`; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @cached_property
    def kind(self) -> str:
        """Such as `Deployment`; empty where it is missing or unknown."""
        return _text(self.data.get("kind"))

    @cached_property
    def name(self) -> str:
        """From the metadata; empty where it is missing or unknown (it may be generated)."""
        return _text(self._metadata.get("name"))

    @cached_property
    def namespace(self) -> str:
        """From the metadata; `default` where it is not set, which is also what kubectl takes by default."""
        return _text(self._metadata.get("namespace")) or "default"

    @property
    def has_namespace(self) -> bool:
        """Whether the metadata set one, be it UNKNOWN."""
        return self._metadata.get("namespace") not in (None, "")

    @property
    def is_identified(self) -> bool:
        """Whether name and namespace are known, be it that they are absent."""
        metadata = self.data.get("metadata")
        return metadata is not UNKNOWN and not is_unknown(self._metadata.get("name"), self._metadata.get("namespace"))

    @property
    def labels(self) -> Mapping[str, Any]:
        """From the metadata."""
        labels = self._metadata.get("labels")
        return labels if isinstance(labels, Mapping) else {}

    @cached_property
    def id(self) -> str:
        """`Deployment slipway/gemma`, for people; not unique where a name is unknown, then the origin helps."""
        return f"{self.kind} {self.namespace}/{self.name or self.origin}"

    @cached_property
    def _metadata(self) -> Mapping[str, Any]:
        metadata = self.data.get("metadata")
        return metadata if isinstance(metadata, Mapping) else {}

    def view(self, trace: Trace) -> View:
        """The whole object, for reading."""
        return View(self, self.data, trace)

    def pods(self, trace: Trace) -> list[Pod]:
        """Every pod or pod template in it."""
        whole = self.view(trace)
        return [Pod(whole.at(place.template), place) for place in self._pod_places]

    @cached_property
    def has_pods(self) -> bool:
        """Whether it is or makes pods."""
        return bool(self._pod_places)

    @cached_property
    def _pod_places(self) -> tuple[Place, ...]:
        return places(self.group, self.kind, self.data)


@dataclass(frozen=True, slots=True, eq=False)
class Pod:
    """A pod, or the template of pods: `metadata` and `spec`."""

    template: View
    place: Place = BELOW

    @property
    def object(self) -> Object:
        """The object that holds it."""
        return self.template.object

    @property
    def spec(self) -> View:
        """Its spec."""
        return self.template.at(self.place.spec)

    @property
    def labels(self) -> Mapping[str, Any]:
        """The labels that selectors see. UNKNOWN labels read as none, and are noted."""
        labels = self.template.get("metadata.labels")
        return labels if isinstance(labels, Mapping) else {}

    @property
    def containers(self) -> list[View]:
        """All of them: init, main and ephemeral."""
        return [*(each for field_name in CONTAINER_LISTS for each in self.spec.items(field_name)), *self._others]

    @property
    def main_containers(self) -> list[View]:
        """Those that run while the pod serves: `containers`, and init containers that restart always (sidecars)."""
        sidecars = [c for c in self.spec.items("initContainers") if c.get("restartPolicy") == "Always"]
        return [*sidecars, *self.spec.items("containers"), *self._others]

    @property
    def sized_containers(self) -> list[View]:
        """Those that can have resources: all but ephemeral ones."""
        return [*self.spec.items("initContainers"), *self.spec.items("containers"), *self._others]

    @property
    def _others(self) -> list[View]:
        return [self.spec.at(path) for path in self.place.others]


@dataclass(frozen=True)
class Stack:
    """All objects that exist together, for rules that need more than one."""

    objects: tuple[Object, ...]
    trace: Trace = field(default_factory=Trace)

    @cached_property
    def _by_kind(self) -> Mapping[str, list[View]]:
        found: dict[str, list[View]] = {}
        for each in self.objects:
            found.setdefault(each.kind, []).append(each.view(self.trace))
        return found

    def of_kind(self, *kinds: str) -> list[View]:
        """All objects of the kinds, in their order in the stack."""
        return [view for kind in kinds for view in self._by_kind.get(kind, [])]

    def find(self, kind: str, namespace: str, name: str) -> View | None:
        """The object of that name, if the stack has it; ask with namespace `default` for kinds without one."""
        return self._by_name.get((kind, namespace, name))

    def lookup(self, kind: str, namespace: Any, name: Any) -> Any:
        """As `find`; UNKNOWN where what is asked for is not known, or the identity of some object of that kind."""
        if is_unknown(namespace, name):
            return UNKNOWN
        found = self.find(kind, namespace, name)
        return UNKNOWN if found is None and kind in self._unidentified else found

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str, str], View]:
        found: dict[tuple[str, str, str], View] = {}
        for kind, views in self._by_kind.items():
            for view in views:
                if view.object.is_identified:
                    found.setdefault((kind, view.object.namespace, view.object.name), view)
        return found

    @cached_property
    def _unidentified(self) -> frozenset[str]:
        return frozenset(each.kind for each in self.objects if not each.is_identified)

    @cached_property
    def pods(self) -> list[Pod]:
        """Every pod template in the stack."""
        return [pod for each in self.objects for pod in each.pods(self.trace)]


def expand(objects: Iterable[Object]) -> Iterator[Object]:
    """The objects, with the items of `List`, `DeploymentList` and the like in place of the list.

    An item that is not known yet, or no object at all, stays one of which nothing is known.
    """
    for each in objects:
        items = each.data.get("items")
        if each.kind.endswith("List") and isinstance(items, list):
            kind = each.kind.removesuffix("List")
            named = {"apiVersion": each.api_version, "kind": kind} if kind else {}
            for index, item in enumerate(items):
                yield from expand([_item(each, index, item, named)])
        else:
            yield each


def _item(owner: Object, index: int, item: Any, named: Mapping[str, Any]) -> Object:
    place, find_line = f"items[{index}]", owner.find_line
    secrets = frozenset(path.removeprefix(f"{place}.") for path in owner.has_secrets if path.startswith(f"{place}."))
    if not isinstance(item, Mapping):
        return Object(named, owner.origin, is_patch=True)
    if find_line is None:
        return Object({**named, **item}, owner.origin, owner.is_patch, secrets)
    file, _, _ = owner.origin.rpartition(":")
    return Object(
        {**named, **item},
        f"{file}:{find_line(place)}",
        owner.is_patch,
        secrets,
        lambda path: find_line(f"{place}.{path}" if path else place),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
