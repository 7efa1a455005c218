"""Load balancers that objects start."""

from typing import Any

from infra.cost.balancers import balancers
from infra.cost.types import LoadBalancer
from tests.unit.cost.manifests import manifest, stack


def service(name: str, kind: str = "LoadBalancer", **metadata: Any) -> dict[str, Any]:
    """A Service of that type."""
    return manifest("Service", name, metadata=metadata, spec={"type": kind})


def ingress(name: str, class_name: str | None = "nginx", **annotations: str) -> dict[str, Any]:
    """An Ingress of that class."""
    spec = {"ingressClassName": class_name} if class_name else {}
    return manifest("Ingress", name, metadata={"annotations": annotations}, spec=spec)


def test_each_service_of_that_type_has_one() -> None:
    """Others have none."""
    found = balancers(
        stack(service("a", labels={"slipway.dev/model": "gemma"}), service("b"), service("c", "ClusterIP"))
    )
    assert found == [LoadBalancer("slipway", "a", "gemma"), LoadBalancer("slipway", "b")]


def test_a_gateway_has_one() -> None:
    """Whatever its class."""
    assert balancers(stack(manifest("Gateway", "edge"))) == [LoadBalancer("slipway", "edge")]


def test_all_ingresses_of_a_class_share_their_controllers() -> None:
    """Two of nginx, one of traefik, one of the cluster's default."""
    found = balancers(stack(ingress("a"), ingress("b"), ingress("c", "traefik"), ingress("d", None)))
    assert [each.name for each in found] == ["ingress class nginx", "ingress class traefik", "ingress class default"]


def test_a_controller_in_the_stack_is_not_counted_twice() -> None:
    """Its Service is the load balancer of the class."""
    found = balancers(stack(service("ingress-nginx-controller"), ingress("a")))
    assert [each.name for each in found] == ["ingress-nginx-controller"]


def test_an_alb_is_one_for_each_group_and_each_ingress_without_one() -> None:
    """As its controller starts them."""
    group = {"alb.ingress.kubernetes.io/group.name": "web"}
    found = balancers(stack(ingress("a", "alb", **group), ingress("b", "alb", **group), ingress("c", "alb")))
    assert [(each.namespace, each.name) for each in found] == [("", "ingress group web"), ("slipway", "c")]


def test_the_class_may_be_an_annotation() -> None:
    """As it was before `ingressClassName`."""
    found = balancers(stack(ingress("a", None, **{"kubernetes.io/ingress.class": "gce"})))
    assert [each.name for each in found] == ["a"]
