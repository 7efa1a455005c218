"""What Ingresses and HTTPRoutes let in: hosts, a path, and the Service behind it.

Knows both kinds, and how paths match and are rewritten. Knows no rule, and of a Service no more than its name.
Source: k8s.io/api networking/v1; gateway-api.sigs.k8s.io v1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kube.objects import Stack
from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts.lists import elements
from policies.facts.pod_index import namespace_of

INGRESS_GROUPS = ("networking.k8s.io", "extensions")
GATEWAY_GROUP = "gateway.networking.k8s.io"
POOL = "InferencePool"
"""What stands in the place of a Service before model servers (gateway-api-inference-extension)."""
REWRITE = "nginx.ingress.kubernetes.io/rewrite-target"


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One way in."""

    place: View
    """Where the path is, or would be."""
    host: Any
    """Of an Ingress; None where any will do."""
    path: Any
    """As written; None where any will do."""
    kind: Any
    """Exact, Prefix, ... as written."""
    reached: Any
    """The path that the server sees, after rewriting."""
    is_exact: Any
    """Whether it sees none below that path."""
    backend: View
    """What names the Service; the rest is None where it names none."""
    namespace: Any
    service: Any
    port: Any
    is_pool: bool = False
    """Whether a pool of model servers is behind it, in the place of a Service."""


def routes(stack: Stack) -> Iterator[Route]:
    """All routes of the stack. What is not known is noted."""
    for ingress in ingresses(stack):
        yield from _of_ingress(ingress)
    for route in http_routes(stack):
        for rule in route.items("spec.rules"):
            yield from _of_rule(route, rule)


def ingresses(stack: Stack) -> list[View]:
    """The Ingresses, without those of other groups."""
    return [view for view in stack.of_kind("Ingress") if view.object.group in INGRESS_GROUPS]


def http_routes(stack: Stack) -> list[View]:
    """The HTTPRoutes of the Gateway API."""
    return [view for view in stack.of_kind("HTTPRoute") if view.object.group == GATEWAY_GROUP]


def _of_ingress(ingress: View) -> Iterator[Route]:
    backend = ingress.at("spec.defaultBackend")
    yield _ingress_route(ingress, backend, None, backend)
    for rule in ingress.items("spec.rules"):
        for entry in rule.items("http.paths"):
            yield _ingress_route(ingress, entry, rule.text("host"), entry.at("backend"))


def _ingress_route(ingress: View, entry: View, host: Any, backend: View) -> Route:
    path, kind = entry.text("path"), entry.text("pathType")
    reached, is_exact = path, UNKNOWN if kind is UNKNOWN else kind == "Exact"
    rewrite = ingress.at("metadata.annotations").text((REWRITE,))
    if rewrite is not None:  # what it takes from the path stays in it as `$1`, which is in no list of paths
        reached, is_exact = rewrite, True
    number, name = backend.number("service.port.number"), backend.text("service.port.name")
    return Route(
        entry.at("path"),
        host,
        path,
        kind,
        reached,
        is_exact,
        backend,
        namespace_of(ingress.object, ingress.trace),
        backend.text("service.name"),
        name if number is None else number,
    )


def _of_rule(route: View, rule: View) -> Iterator[Route]:
    rewrites = [each.at("urlRewrite.path") for each in elements(rule, "filters")]
    for match in rule.items("matches") or [rule.at("matches")]:
        path, kind = match.text("path.value"), match.text("path.type")
        reached, is_exact = path, UNKNOWN if kind is UNKNOWN else kind == "Exact"
        for rewrite in rewrites:
            if (whole := rewrite.text("replaceFullPath")) is not None:
                reached, is_exact = whole, True
            elif (begin := rewrite.text("replacePrefixMatch")) is not None:
                reached = begin
        for backend in rule.items("backendRefs"):
            kind_behind = backend.get("kind")
            if kind_behind in (None, "Service", POOL):
                namespace, name, port = backend.text("namespace"), backend.text("name"), backend.number("port")
                if namespace is None:
                    namespace = namespace_of(route.object, route.trace)
                is_pool = kind_behind == POOL
                if is_pool:
                    name = port = None
                place = match.at("path")
                yield Route(place, None, path, kind, reached, is_exact, backend, namespace, name, port, is_pool)
