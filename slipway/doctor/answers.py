"""Which paths of the API are asked, and what came back: bodies by path, and which paths are not for us to see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

Body = Mapping[str, Any]
Right = tuple[str, str, str, str]
"""Verb, API group, plural, namespace; empty where there is none."""

VERSION: Final = "/version"
GROUPS: Final = "/apis"
NODES: Final = "/api/v1/nodes"
DEPLOYMENTS: Final = "/apis/apps/v1/deployments"
DAEMON_SETS: Final = "/apis/apps/v1/daemonsets"
STORAGE_CLASSES: Final = "/apis/storage.k8s.io/v1/storageclasses"
INGRESS_CLASSES: Final = "/apis/networking.k8s.io/v1/ingressclasses"
GATEWAY_CLASSES: Final = "/apis/gateway.networking.k8s.io/v1/gatewayclasses"
API_SERVICES: Final = "/apis/apiregistration.k8s.io/v1/apiservices"
DEVICE_CLASSES: Final = "/apis/resource.k8s.io/v1/deviceclasses"
RESOURCE_SLICES: Final = "/apis/resource.k8s.io/v1/resourceslices"
DNS_SERVICES: Final = "/api/v1/services?labelSelector=k8s-app%3Dkube-dns"
PATHS: Final = (
    VERSION, GROUPS, NODES, DEPLOYMENTS, DAEMON_SETS, STORAGE_CLASSES, INGRESS_CLASSES, GATEWAY_CLASSES, API_SERVICES,
    DEVICE_CLASSES, RESOURCE_SLICES, DNS_SERVICES,
)  # fmt: skip
NUM_AT_ONCE: Final = 8


class Forbidden(Exception):
    """We may not see that."""


Get = Callable[[str], Body | None]
"""A path's body; None where there is no such thing. Raises Forbidden."""
May = Callable[[Right], bool]
"""Whether the API server would let us."""


@dataclass(frozen=True, slots=True)
class Answers:
    """All that was asked."""

    bodies: Mapping[str, Body | None]
    forbidden: frozenset[str] = frozenset()
    rights: Mapping[Right, bool] = field(default_factory=dict)

    def items(self, path: str) -> tuple[Body, ...]:
        """A list's entries; none where the kind is not there, or not for us to see."""
        return tuple((self.bodies.get(path) or {}).get("items") or ())

    def is_known(self, path: str) -> bool:
        """Whether an empty list means that there is none."""
        return path not in self.forbidden


def collect(get: Get, may: May, paths: Iterable[str], rights: Callable[[Answers], Iterable[Right]]) -> Answers:
    """Ask all paths at once, then the rights that follow from what is there."""
    asked = list(dict.fromkeys([*PATHS, *paths]))
    forbidden: set[str] = set()

    def one(path: str) -> Body | None:
        try:
            return get(path)
        except Forbidden:
            forbidden.add(path)
            return None

    with ThreadPoolExecutor(NUM_AT_ONCE) as pool:
        found = Answers(dict(zip(asked, pool.map(one, asked), strict=True)), frozenset(forbidden))
        wanted = list(dict.fromkeys(rights(found)))
        return Answers(found.bodies, found.forbidden, dict(zip(wanted, pool.map(may, wanted), strict=True)))
