"""Which pods of a stack can be reached from outside of it, and through what. Knows Services and routes, no rule.

A Service without a type that opens it is inside. Whether a load balancer is internal is not asked: the inside of a
company's network is outside of the stack, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from kube.objects import Pod, Stack
from kube.view import View
from policies.facts.pod_index import index, namespace_of
from policies.facts.routes import routes

OPEN_TYPES = ("LoadBalancer", "NodePort")


def by_service(stack: Stack) -> Iterable[Pod]:
    """Pods behind a Service that has a port on nodes or an address of its own, each once."""
    return _behind(stack, [each for each in stack.of_kind("Service") if each.text("spec.type") in OPEN_TYPES])


def by_any(stack: Stack) -> Iterable[Pod]:
    """Pods behind such a Service, an Ingress or an HTTPRoute, each once."""
    routed = (stack.lookup("Service", route.namespace, route.service) for route in routes(stack))
    opened = (each for each in stack.of_kind("Service") if each.text("spec.type") in OPEN_TYPES)
    return _behind(stack, [*opened, *(each for each in routed if isinstance(each, View))])


def _behind(stack: Stack, services: list[View]) -> Iterable[Pod]:
    pods = index(stack)
    found: dict[int, Pod] = {}
    for service in services:
        wanted = {key: each.data for key, each in service.entries("spec.selector").items()}
        if wanted:
            selected = pods.selected(namespace_of(service.object, stack.trace), {"matchLabels": wanted})
            found |= {id(pod): pod for pod in selected}
    return found.values()
