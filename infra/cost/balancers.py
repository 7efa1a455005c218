"""Load balancers that objects make their provider start.

Service of type LoadBalancer   one each
Gateway                        one each
Ingress                        one for a group (alb) or for each Ingress (gce) where the provider's controller makes it;
                               else one for the class, which is the Service of its controller: not counted again where
                               that Service is in the stack
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.cost.labels import model_of
from infra.cost.types import LoadBalancer
from kube.objects import Stack
from kube.view import View

ALB_GROUP: Final = "alb.ingress.kubernetes.io/group.name"
CLASS_MARK: Final = "kubernetes.io/ingress.class"
ONE_EACH: Final = ("alb", "gce", "gce-internal", "azure-application-gateway")
"""Classes whose controller starts a load balancer for each Ingress or group."""
NAME_LABEL: Final = "app.kubernetes.io/name"


def balancers(stack: Stack) -> list[LoadBalancer]:
    """All of them, Services first."""
    services = [view for view in stack.of_kind("Service") if view.text("spec.type") == "LoadBalancer"]
    own = [LoadBalancer(v.object.namespace, v.object.name, model_of(v.object.labels)) for v in services]
    gateways = [LoadBalancer(view.object.namespace, view.object.name) for view in stack.of_kind("Gateway")]
    return [*own, *gateways, *dict.fromkeys(_of_ingresses(stack, services))]


def _of_ingresses(stack: Stack, services: list[View]) -> Iterator[LoadBalancer]:
    for view in stack.of_kind("Ingress"):
        marks: Any = view.get("metadata.annotations")
        marks = marks if isinstance(marks, Mapping) else {}
        name = str(view.text("spec.ingressClassName") or marks.get(CLASS_MARK) or "default")
        if name in ONE_EACH:
            group = marks.get(ALB_GROUP)
            own = LoadBalancer(view.object.namespace, view.object.name, model_of(view.object.labels))
            yield LoadBalancer("", f"ingress group {group}") if isinstance(group, str) else own
        elif not any(_is_controller(service, name) for service in services):
            yield LoadBalancer("", f"ingress class {name}")


def _is_controller(service: View, class_name: str) -> bool:
    """By the names that the controllers' own charts give: `ingress-nginx` for class `nginx`."""
    own = service.object
    return any(class_name in str(text) for text in (own.name, own.namespace, own.labels.get(NAME_LABEL)))
