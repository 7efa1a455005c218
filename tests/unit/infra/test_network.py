"""Who may talk to whom: the policies of a stack, judged connection by connection."""

import dataclasses
from itertools import product
from typing import Any

import pytest

from infra import names
from infra.manifests.network import network_policies
from infra.manifests.peers import namespace_of
from tests.unit.infra.reachability import End, is_allowed
from tests.unit.infra.recorder import stack_plan
from tests.unit.infra.test_guards import plan_with

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


BACKUP = End("10.1.0.5", "slipway", {names.ROLE_LABEL: names.ROLE_BACKUP})
BACKUP_OF_MODEL = End("10.1.0.6", "slipway", names.model_labels("legal", names.ROLE_BACKUP))
STARTING = End("10.1.0.7", "slipway", {**names.model_labels("legal", names.ROLE_MODEL), names.PULLS_LABEL: "true"})
MINIO = End("10.1.2.1", "s3", {"app": "minio"})
COMPANY = End("10.9.9.9")
BUCKET = {"target": "s3", "bucket": "my-backups", "secret": "key", "what": ["config"]}
MANY_PORTS = (53, 80, 443, 8000, 9000, 9090)


def reached(settings: dict[str, Any], source: End, stack: str = "staging") -> set[tuple[str, int]]:
    """Whom a pod may open a TCP connection to, with a stack's settings."""
    policies = network_policies(plan_with(stack, **settings))
    others = (*OTHERS, MINIO, COMPANY, MODEL, BACKUP)
    return {
        (target.address, port)
        for target, port in product(others, MANY_PORTS)
        if target != source and is_allowed(policies, source, target, port)
    }


DNS_TCP = {(DNS.address, 53), (DNS_ON_NODE.address, 53)}
INTERNET = {(HUB.address, 443), (HUB_V6.address, 443)}


def test_a_backup_of_configuration_to_a_volume_has_no_network() -> None:
    """Volumes are the node's work."""
    assert reached({"backup": {"target": "volume", "what": ["config"]}}, BACKUP) == set()


def test_a_backup_reaches_its_bucket_and_nothing_else() -> None:
    """A name of the Internet, a Service of the cluster, an address of the company."""
    assert reached({"backup": BUCKET}, BACKUP) == DNS_TCP | INTERNET
    inside = reached({"backup": {**BUCKET, "endpoint": "http://minio.s3.svc:80"}}, BACKUP)
    assert inside == DNS_TCP | {(MINIO.address, port) for port in MANY_PORTS}
    address = reached({"backup": {**BUCKET, "endpoint": "https://10.9.9.9:9000"}}, BACKUP)
    assert address == DNS_TCP | {(COMPANY.address, 9000)}
    by_name = reached({"backup": {**BUCKET, "endpoint": "https://s3.my.company:9000"}}, BACKUP)
    assert {(COMPANY.address, 9000), (HUB.address, 9000)} < by_name
    assert (CLOUD_METADATA.address, 9000) not in by_name
    assert {port for address, port in by_name - DNS_TCP} == {9000}


def test_only_the_job_that_copies_history_reaches_prometheus() -> None:
    """A backup of a model's weights needs none."""
    settings = {"backup": {"target": "volume", "what": ["models", "history"]}}
    assert reached(settings, BACKUP) == DNS_TCP | {(PROMETHEUS.address, port) for port in MANY_PORTS}
    assert reached(settings, BACKUP_OF_MODEL) == set()


def test_a_model_that_downloads_as_it_starts_reaches_the_hub_and_others_do_not() -> None:
    """It is told by a label of its own; without such a model the opening is not there."""
    settings = {"models": {"legal": {"weights": "ephemeral"}, "risk": {}}}
    assert reached(settings, STARTING) == DNS_TCP | INTERNET
    assert reached(settings, MODEL) == set()
    assert reached({}, STARTING) == set()


def test_a_model_reaches_the_collector_of_its_traces_and_nothing_else() -> None:
    """Where one is named: its namespace, whose Service may send it to any port, and the name server."""
    traced = {"monitoring": {"otlp_endpoint": "http://collector.monitoring:4318"}}
    assert reached({}, MODEL) == set()
    ports = {(PROMETHEUS.address, port) for port in MANY_PORTS}
    assert reached(traced, MODEL) == ports | DNS_TCP
    assert reached(traced, STRANGER) == set()


@pytest.mark.parametrize("delivery", ["own", "ephemeral"])
def test_an_opening_is_there_only_for_pods_that_there_are(delivery: str) -> None:
    """A policy that selects nobody is a mistake that nobody sees."""
    found = {one["metadata"]["name"] for one in network_policies(plan_with(storage={"delivery": delivery}))}
    assert ("pull-to-hub" in found, "start-to-hub" in found) == (delivery == "own", delivery == "ephemeral")


def test_nobody_opens_a_connection_to_a_backup() -> None:
    """Nor to a pod that pulls."""
    policies = network_policies(plan_with(backup=BUCKET))
    for target, port in product((BACKUP, PULL), MANY_PORTS):
        assert not [source for source in OTHERS if is_allowed(policies, source, target, port)]


@pytest.mark.parametrize(
    ("host", "scheme", "namespace"),
    [
        ("prometheus.monitoring", "http", "monitoring"),
        ("prometheus.monitoring.svc", "https", "monitoring"),
        ("pod-0.prometheus.monitoring.svc.cluster.local", "http", "monitoring"),
        ("example.com", "https", None),
        ("s3.example.com", "http", None),
        ("localhost", "http", None),
    ],
)
def test_a_services_name_tells_its_namespace(host: str, scheme: str, namespace: str | None) -> None:
    """And a name of the Internet is not taken for one."""
    assert namespace_of(host, scheme) == namespace


def test_without_policies_everything_is_open() -> None:
    """The judge can say yes: its no is worth something."""
    assert is_allowed([], CONTROLLER, MODEL, 22)


SIDECARS = {"tunnel": {"secret": "tunnels", "models": ["legal"]}, "health_monitor": {"enabled": True}}
TUNNELLED = dataclasses.replace(MODEL, address="10.1.0.7", labels={**MODEL.labels, names.TUNNEL_LABEL: "true"})
MONITOR = End("10.1.0.8", PLAN.namespace, {names.ROLE_LABEL: names.ROLE_MONITOR})


def test_a_tunnel_reaches_cloudflare_and_nobody_else() -> None:
    """Public addresses, by its ports and for names; a model without one opens no connection still."""
    policies = network_policies(plan_with("prod", sidecars=SIDECARS))
    for port, protocol in ((7844, "TCP"), (7844, "UDP"), (443, "TCP")):
        assert is_allowed(policies, TUNNELLED, HUB, port, protocol)
        assert not is_allowed(policies, MODEL, HUB, port, protocol)
        for closed in (CLOUD_METADATA, NODE, PRIVATE_V6, MODEL):
            assert not is_allowed(policies, TUNNELLED, closed, port, protocol)
    assert is_allowed(policies, TUNNELLED, DNS, 53, "UDP")
    assert not is_allowed(policies, TUNNELLED, HUB, 80)
    assert not is_allowed(policies, PROMETHEUS, TUNNELLED, names.TUNNEL_PORT)


@pytest.mark.parametrize("webhook", ["alarm", None])
def test_the_monitor_asks_models_and_tells_its_webhook(webhook: str | None) -> None:
    """It is let in where the edge is; its own pages are for Prometheus alone."""
    found = {"enabled": True, **({"webhook_secret": webhook} if webhook else {})}
    policies = network_policies(plan_with("prod", sidecars={"health_monitor": found}))
    assert is_allowed(policies, MONITOR, MODEL, 8000)
    assert is_allowed(policies, MONITOR, DNS, 53, "UDP")
    assert is_allowed(policies, PROMETHEUS, MONITOR, names.MONITOR_PORT)
    assert is_allowed(policies, MONITOR, HUB, 443) == (webhook is not None)
    for target, port in ((MODEL, 9090), (HUB, 80), (CLOUD_METADATA, 80), (CLOUD_METADATA, 443), (STRANGER, 8000)):
        assert not is_allowed(policies, MONITOR, target, port)
    assert not is_allowed(policies, STRANGER, MONITOR, names.MONITOR_PORT)
    assert not is_allowed(policies, STRANGER, MODEL, 8000)
