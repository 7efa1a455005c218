"""The objects of one cluster: get, list, create, apply, replace, delete. Speaks kinds and names, not paths.

`dry_run` asks the API server to do everything but keep it: defaults, admission and validation are real.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tools.plugins.kubernetes.discovery import Discovery
from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.objects import (
    DEFAULT_NAMESPACE,
    api_version_of,
    items,
    kind_of,
    name_of,
    namespace_of,
    with_metadata,
)
from tools.plugins.kubernetes.values import Object

if TYPE_CHECKING:  # HTTP is loaded where the first request is made, see connection.py
    from tools.plugins.kubernetes.client import Answer, Client

APPLY: Final = "application/apply-patch+yaml"
JSON_PATCH: Final = "application/json-patch+json"
CREATE_MANAGER: Final = "pulumi-kubernetes"
"""Who owns the fields of an object until its first update; the official provider uses the same name."""


@dataclass(frozen=True, slots=True)
class Ref:
    """An object, by name."""

    kind: Kind
    namespace: str
    name: str


def ref_of(obj: Mapping[str, Any]) -> Ref:
    """How to find an object again."""
    return Ref(Kind(api_version_of(obj), kind_of(obj)), namespace_of(obj), name_of(obj))


def _ignore(_text: str) -> None:
    """Nobody wants the warnings."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster. Warnings of the API server go to `warn`."""

    client: Client
    discovery: Discovery
    warn: Callable[[str], None] = _ignore

    def reporting_to(self, warn: Callable[[str], None]) -> Cluster:
        """The same cluster for one operation, which wants the warnings."""
        return Cluster(self.client, self.discovery, warn)

    def is_namespaced(self, kind: Kind) -> bool:
        """Whether the kind lives in namespaces; raises NoSuchKindError."""
        return self.discovery.find(kind).is_namespaced

    def get(self, ref: Ref) -> Object:
        """The object as it is now."""
        return self._done(self.client.request("GET", self._path(ref)))

    def find(self, kind: Kind, namespace: str, *, labels: str = "", fields: str = "") -> list[Object]:
        """The objects of a kind in a namespace that match the selectors."""
        params = {name: text for name, text in (("labelSelector", labels), ("fieldSelector", fields)) if text}
        found = self.client.request("GET", self._collection(kind, namespace), params=params).body
        # The items of a list do not say what they are.
        return [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in items(found, "items")]

    def create(self, obj: Object, *, dry_run: bool) -> Object:
        """Create it; fails when one with this name is there."""
        ref = ref_of(obj)
        params = {"fieldManager": CREATE_MANAGER, **_dry(dry_run)}
        path = self._collection(ref.kind, ref.namespace)
        return self._done(self.client.request("POST", path, params=params, body=obj))

    def apply(self, obj: Object, *, manager: str, force: bool, dry_run: bool) -> Object:
        """Server-side apply: our fields become as in `obj`, fields of others stay."""
        params = {"fieldManager": manager, "force": "true" if force else "false", **_dry(dry_run)}
        path = self._path(ref_of(obj))
        return self._done(self.client.request("PATCH", path, params=params, body=obj, content_type=APPLY))

    def replace(self, obj: Object, *, resource_version: str, manager: str, dry_run: bool) -> Object:
        """Put it in the place of the one that has this resourceVersion."""
        params = {"fieldManager": manager, **_dry(dry_run)}
        body = with_metadata(obj, resourceVersion=resource_version)
        return self._done(self.client.request("PUT", self._path(ref_of(obj)), params=params, body=body))

    def patch(self, ref: Ref, patch: list[Object]) -> Object:
        """Apply a JSON patch."""
        return self._done(self.client.request("PATCH", self._path(ref), body=patch, content_type=JSON_PATCH))

    def delete(self, ref: Ref, *, propagation: str) -> None:
        """Begin to delete it."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        self.client.request("DELETE", self._path(ref), body=body)

    def _done(self, answer: Answer) -> Object:
        for text in answer.warnings:
            self.warn(text)
        return answer.body

    def _collection(self, kind: Kind, namespace: str) -> str:
        resource = self.discovery.find(kind)
        where = f"/namespaces/{quote(namespace or DEFAULT_NAMESPACE)}" if resource.is_namespaced else ""
        return f"{resource.base}{where}/{resource.plural}"

    def _path(self, ref: Ref) -> str:
        return f"{self._collection(ref.kind, ref.namespace)}/{quote(ref.name)}"


def _dry(dry_run: bool) -> dict[str, str]:  # noqa: FBT001
    return {"dryRun": "All"} if dry_run else {}
