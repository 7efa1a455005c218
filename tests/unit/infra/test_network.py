"""Who may talk to whom: the policies of a stack, judged connection by connection."""

import dataclasses
from itertools import product

import pytest

from infra import names
from infra.manifests.network import network_policies
from tests.unit.infra.reachability import End, is_allowed
from tests.unit.infra.recorder import stack_plan

PLAN = stack_plan("prod")
POLICIES = network_policies(PLAN)
MODEL, FILL, PULL = (
    End(f"10.1.0.{number}", PLAN.namespace, names.model_labels("legal", role))
    for number, role in enumerate((names.ROLE_MODEL, names.ROLE_FILL, names.ROLE_PULL), start=1)
)
STRANGER = End("10.1.0.9", PLAN.namespace, {"app": "stranger"})
CONTROLLER = End("10.1.1.1", "ingress-nginx", {"app": "controller"})
PROMETHEUS = End("10.1.1.2", "monitoring", {"app": "prometheus"})
ELSEWHERE = End("10.1.1.3", "elsewhere", {"k8s-app": "kube-dns"})
DNS = End("10.1.1.4", "kube-system", {"k8s-app": "kube-dns"})
DNS_ON_NODE = End("169.254.20.10")
HUB, HUB_V6 = End("18.154.0.1"), End("2600:9000::1")
CLOUD_METADATA, NODE, PRIVATE_V6 = End("169.254.169.254"), End("192.168.1.1"), End("fd00::1")

OURS = (MODEL, FILL, PULL, STRANGER)
OTHERS = (CONTROLLER, PROMETHEUS, ELSEWHERE, DNS, DNS_ON_NODE, HUB, HUB_V6, CLOUD_METADATA, NODE, PRIVATE_V6)
WAYS = [(port, protocol) for port in (53, 80, 443, 8000, 9090, 6443) for protocol in ("TCP", "UDP")]
OPENINGS = {
    (CONTROLLER.address, MODEL.address, 8000, "TCP"),
    (PROMETHEUS.address, MODEL.address, 9090, "TCP"),
    *((PULL.address, dns.address, 53, protocol) for dns in (DNS, DNS_ON_NODE) for protocol in ("TCP", "UDP")),
    *((PULL.address, hub.address, 443, "TCP") for hub in (HUB, HUB_V6)),
}


def test_the_named_openings_are_open_and_everything_else_is_closed() -> None:
    """Every pod of ours with everybody, both ways: a model and a fill Job open no connection at all."""
    pairs = [*product(OURS, (*OURS, *OTHERS)), *product(OTHERS, OURS)]
    found = {
        (source.address, target.address, port, protocol)
        for (source, target), (port, protocol) in product(pairs, WAYS)
        if is_allowed(POLICIES, source, target, port, protocol)
    }
    assert found == OPENINGS


@pytest.mark.parametrize(("source", "is_open"), [("192.0.2.2", True), ("192.0.2.3", False)])
def test_a_controller_outside_the_pod_network_is_known_by_its_address(source: str, is_open: bool) -> None:
    """On the local cluster, which names the address in its endpoints."""
    local = stack_plan("local")
    edge = dataclasses.replace(local.edge, source_cidrs=("192.0.2.2/32",))
    policies = network_policies(dataclasses.replace(local, edge=edge))
    assert is_allowed(policies, End(source), MODEL, 8000) is is_open


def test_nothing_is_pulled_where_all_weights_come_in_images() -> None:
    """Then not even the cluster's DNS is open."""
    policies = network_policies(stack_plan("local"))
    assert not [target for target in OTHERS if is_allowed(policies, PULL, target, 443)]
    assert not is_allowed(policies, PULL, DNS, 53, "UDP")


def test_without_policies_everything_is_open() -> None:
    """The judge can say yes: its no is worth something."""
    assert is_allowed([], CONTROLLER, MODEL, 22)
