"""The local ingress controller: Ingress objects in, Caddy routes out.

`routes` is pure. Requests go straight to the ready pods behind a service, as ingress controllers on real clusters do,
so a pod that is not ready gets none. Streams are flushed at once. Supports hosts, Exact, Prefix and implementation
specific paths, and services by port name or number; no TLS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import httpx

from tools.cluster import configs
from tools.cluster.kube import Object
from tools.cluster.layout import INGRESS_CLASS, Layout

INGRESSES = "/apis/networking.k8s.io/v1/ingresses"
SERVICES = "/api/v1/services"
ENDPOINT_SLICES = "/apis/discovery.k8s.io/v1/endpointslices"
WATCHED = (INGRESSES, SERVICES, ENDPOINT_SLICES)

CONNECT_TIMEOUT = "2s"
TRY_FOR = "5s"
"""How long a request waits for a pod to become ready before it gets 502."""

ROUTES = "/config/apps/http/servers/ingress/routes"

Route = dict[str, Any]


def routes(ingresses: Iterable[Object], services: Iterable[Object], slices: Iterable[Object]) -> list[Route]:
    """Routes of all Ingress objects of our class: more exact hosts and longer paths first."""
    by_name = {_key(s): s for s in services}
    slices = list(slices)
    found: list[tuple[tuple[bool, bool, int], Route]] = []
    for ingress in filter(is_ours, ingresses):
        namespace = ingress["metadata"]["namespace"]
        for rule in ingress["spec"].get("rules") or []:
            host = rule.get("host", "")
            for path in (rule.get("http") or {}).get("paths") or []:
                backend = path["backend"].get("service")
                service = by_name.get((namespace, backend["name"])) if backend else None
                if service is None:
                    continue
                upstreams = _upstreams(service, backend["port"], slices)
                exact = path["pathType"] == "Exact"
                order = (not host, not exact, -len(path.get("path", "/")))
                found.append((order, _route(host, path.get("path", "/"), upstreams, exact=exact)))
    return [route for _, route in sorted(found, key=lambda f: f[0])]


def is_ours(ingress: Object) -> bool:
    """Whether the object names our class, or none: ours is the default."""
    return bool(ingress["spec"].get("ingressClassName", INGRESS_CLASS) == INGRESS_CLASS)


def _key(obj: Object) -> tuple[str, str]:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _upstreams(service: Object, wanted: Object, slices: list[Object]) -> list[str]:
    """host:port of the ready endpoints of a service's port."""
    ports = service["spec"]["ports"]
    port = next((p for p in ports if wanted in ({"name": p.get("name")}, {"number": p["port"]})), None)
    if port is None:
        return []
    namespace, name = _key(service)
    found = []
    for piece in slices:
        meta = piece["metadata"]
        if meta["namespace"] != namespace or (meta.get("labels") or {}).get("kubernetes.io/service-name") != name:
            continue
        numbers = [p["port"] for p in piece.get("ports") or [] if p.get("name", "") == port.get("name", "")]
        for endpoint in piece.get("endpoints") or []:
            if (endpoint.get("conditions") or {}).get("ready", True):
                found += [f"{endpoint['addresses'][0]}:{number}" for number in numbers]
    return sorted(found)


def _route(host: str, path: str, upstreams: list[str], *, exact: bool) -> Route:
    match: dict[str, Any] = {"path": [path] if exact else [path, path.rstrip("/") + "/*"]}
    if host:
        match["host"] = [host]
    handle: Route = {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": u} for u in upstreams],
        "flush_interval": -1,
        "load_balancing": {"selection_policy": {"policy": "least_conn"}, "try_duration": TRY_FOR},
        "transport": {"protocol": "http", "dial_timeout": CONNECT_TIMEOUT},
    }
    if not upstreams:
        handle = {"handler": "static_response", "status_code": 503, "body": "no ready pod behind this service\n"}
    return {"match": [match], "handle": [handle], "terminal": True}


class Api(Protocol):
    """What the controller needs of the API server."""

    def list(self, path: str) -> list[Object]:
        """All objects of a collection."""

    def patch_status(self, path: str, status: Object) -> None:
        """Merge into an object's status."""


class IngressController:
    """Keeps Caddy's routes equal to the Ingress objects."""

    def __init__(self, kube: Api, layout: Layout, transport: httpx.BaseTransport | None = None) -> None:
        self._kube = kube
        self._layout = layout
        transport = transport or httpx.HTTPTransport(uds=str(layout.run / "caddy.sock"))
        self._caddy = httpx.Client(transport=transport, base_url="http://127.0.0.1", timeout=10)

    def reconcile(self) -> None:
        """Look, and load the routes when they differ; then say in the objects' status where they are served."""
        ingresses = self._kube.list(INGRESSES)
        wanted = routes(ingresses, self._kube.list(SERVICES), self._kube.list(ENDPOINT_SLICES))
        self._load(configs.caddy(self._layout, wanted))
        status = {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}
        for ingress in filter(is_ours, ingresses):
            if (ingress.get("status") or {}).get("loadBalancer", {}) != status["loadBalancer"]:
                namespace, name = _key(ingress)
                path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses/{name}"
                self._kube.patch_status(path, status)

    def _load(self, config: dict[str, Any]) -> None:
        """Caddy is asked what it has: one that was started again begins without routes."""
        now = self._caddy.get(ROUTES).raise_for_status().json()
        if now != config["apps"]["http"]["servers"]["ingress"]["routes"]:
            self._caddy.post("/load", json=config).raise_for_status()
