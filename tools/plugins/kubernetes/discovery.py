"""What the API server calls a kind in its paths, and whether that kind lives in namespaces: asked once, remembered.

Many threads ask at once when a program starts; each API version is fetched by one of them while the others wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tools.plugins.kubernetes.errors import ApiError, NoSuchKindError
from tools.plugins.kubernetes.kinds import Kind
from tools.plugins.kubernetes.objects import items
from tools.plugins.kubernetes.values import Object


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind as it appears in paths."""

    base: str
    """`/api/v1` or `/apis/GROUP/VERSION`."""
    plural: str
    is_namespaced: bool


class Discovery:
    """All kinds that have been asked for."""

    def __init__(self, get: Callable[[str], Object]) -> None:
        self._get = get
        self._lock = threading.Lock()
        self._version_locks: dict[str, threading.Lock] = {}
        self._versions: dict[str, dict[str, Resource]] = {}

    def find(self, kind: Kind) -> Resource:
        """The resource of a kind; raises NoSuchKindError. A kind that was missing is looked for again next time."""
        with self._lock:
            version_lock = self._version_locks.setdefault(kind.api_version, threading.Lock())
        with version_lock:
            known = self._versions.get(kind.api_version)
            if known is None or kind.kind not in known:
                known = self._versions[kind.api_version] = self._fetch(kind.api_version)
        if kind.kind not in known:
            raise NoSuchKindError(kind.api_version, kind.kind)
        return known[kind.kind]

    def _fetch(self, api_version: str) -> dict[str, Resource]:
        base = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = items(self._get(base), "resources")
        except ApiError as e:
            if e.is_not_found:
                return {}
            raise
        return {
            entry["kind"]: Resource(base, entry["name"], entry["namespaced"])
            for entry in listed
            if "/" not in entry["name"]  # a subresource
        }
