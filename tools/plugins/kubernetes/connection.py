"""The way to the cluster: found when something first needs it, and remembered, also when there is none.

A program can be previewed without any cluster, so nothing here happens before it must.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from tools.plugins.kubernetes.cluster import Cluster
from tools.plugins.kubernetes.errors import ApiError, UnreachableError
from tools.plugins.kubernetes.kubeconfig import Access, load
from tools.plugins.kubernetes.objects import DEFAULT_NAMESPACE
from tools.plugins.kubernetes.settings import Settings

if TYPE_CHECKING:
    import httpx

Connect = Callable[[Access, Mapping[str, str]], Cluster]


def connect(access: Access, environ: Mapping[str, str], *, transport: httpx.BaseTransport | None = None) -> Cluster:
    """A cluster that has answered once; raises UnreachableError."""
    # Imported where the first request is made: these cost more than all the rest of a start.
    from tools.plugins.kubernetes.client import Client
    from tools.plugins.kubernetes.credentials import Credentials
    from tools.plugins.kubernetes.discovery import Discovery

    client = Client(access, Credentials(access, environ), transport=transport)
    try:
        client.request("GET", "/version", num_attempts=1)
    except ApiError as e:
        if e.status != HTTPStatus.FORBIDDEN:  # it knows us, and lets others see its version
            raise UnreachableError(f"the API server {access.server} refuses us: {e}") from e
    return Cluster(client, Discovery(lambda path: client.request("GET", path).body))


class Connection:
    """What the settings lead to."""

    def __init__(self, settings: Settings, environ: Mapping[str, str], connect: Connect = connect) -> None:
        self._settings = settings
        self._environ = environ
        self._connect = connect
        self._lock = threading.RLock()
        self._access: Access | UnreachableError | None = None
        self._cluster: Cluster | UnreachableError | None = None

    def namespace(self) -> str:
        """Where objects go that name no namespace."""
        try:
            return self._find().namespace or DEFAULT_NAMESPACE
        except UnreachableError:
            return self._settings.namespace or DEFAULT_NAMESPACE

    def cluster(self) -> Cluster:
        """The cluster; raises UnreachableError, the same one each time."""
        with self._lock:
            if self._cluster is None:
                try:
                    self._cluster = self._connect(self._find(), self._environ)
                except UnreachableError as e:
                    self._cluster = e
            return _unless_failed(self._cluster)

    def _find(self) -> Access:
        """The kubeconfig's answer, read once."""
        with self._lock:
            if self._access is None:
                try:
                    self._access = load(self._settings, self._environ)
                except UnreachableError as e:
                    self._access = e
            return _unless_failed(self._access)


Found = TypeVar("Found", Access, Cluster)


def _unless_failed(found: Found | UnreachableError) -> Found:
    if isinstance(found, UnreachableError):
        raise found
    return found
