"""Which pods can be reached from outside."""

from __future__ import annotations

from typing import Any

from kube.objects import Object, Stack
from policies.facts import reachable


def pod(name: str) -> dict[str, Any]:
    """A pod that is labelled with its own name."""
    return {"kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": {}}


def service(name: str, kind: str) -> dict[str, Any]:
    """A Service in front of the pod of that name."""
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"type": kind, "selector": {"app": name}}}


INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "a"},
    "spec": {"defaultBackend": {"service": {"name": "routed", "port": {"number": 80}}}},
}


def test_every_label_of_a_selector_must_be_there() -> None:
    """A pod with some of them is not behind the Service."""
    demanding = service("a", "NodePort")
    demanding["spec"]["selector"]["tier"] = "web"
    other = pod("a")
    other["metadata"]["labels"]["tier"] = "batch"
    assert list(reachable.by_service(Stack((Object(other), Object(demanding))))) == []


def test_services_of_two_types_and_routes_open_pods() -> None:
    """Each pod comes once, however many ways lead to it."""
    names = ("balanced", "ported", "routed", "inside")
    kinds = ("LoadBalancer", "NodePort", "ClusterIP", "ClusterIP")
    services = [service(name, kind) for name, kind in zip(names, kinds, strict=True)]
    more = {**service("balanced", "NodePort"), "metadata": {"name": "more"}}
    stack = Stack(tuple(Object(each) for each in [*map(pod, names), *services, more, INGRESS]))
    assert [each.object.name for each in reachable.by_service(stack)] == ["balanced", "ported"]
    assert [each.object.name for each in reachable.by_any(stack)] == ["balanced", "ported", "routed"]
