"""Network policies: nothing may talk, then the named openings that this plan needs.

    ingress controller ──8000──> model      prometheus ──9090──> model
    pull Job ──53──> cluster DNS            pull Job ──443──> the hub (public addresses only)

A model opens no connection at all. A fill Job copies from a volume and has no network.
"""

from infra import names
from infra.catalog.types import HubSource
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan

PRIVATE_V4 = ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]
PRIVATE_V6 = ["::1/128", "fc00::/7", "fe80::/10"]
DNS_NAMESPACE, DNS_LABELS = "kube-system", {"k8s-app": "kube-dns"}
DNS_ON_NODE = "169.254.20.10/32"  # NodeLocal DNSCache, where a cluster has it: on the node itself, so no label finds it


def network_policies(plan: Plan) -> list[Manifest]:
    """All policies of the namespace, in a stable order."""
    policies = [_default_deny(plan), _from_ingress(plan), _from_prometheus(plan)]
    if any(isinstance(model.weights.source, HubSource) for model in plan.models):
        policies += [_pull_to_dns(plan), _pull_to_hub(plan)]
    return policies


def _policy(plan: Plan, name: str, **spec: object) -> Manifest:
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, plan.namespace, common_labels(plan), spec=spec)


def _role(role: str) -> Manifest:
    return {"matchLabels": {names.ROLE_LABEL: role}}


def _namespace(name: str) -> Manifest:
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}


def _default_deny(plan: Plan) -> Manifest:
    return _policy(plan, "default-deny", podSelector={}, policyTypes=["Ingress", "Egress"])


def _from_ingress(plan: Plan) -> Manifest:
    ingress = plan.edge
    peers: list[Manifest] = [{"ipBlock": {"cidr": cidr}} for cidr in ingress.source_cidrs]
    if ingress.from_namespace is not None:
        peers.append({"namespaceSelector": _namespace(ingress.from_namespace)})
    rule = {"from": peers, "ports": [{"protocol": "TCP", "port": names.HTTP_PORT}]}
    return _policy(
        plan, "ingress-to-model", podSelector=_role(names.ROLE_MODEL), policyTypes=["Ingress"], ingress=[rule]
    )


def _from_prometheus(plan: Plan) -> Manifest:
    peers = [{"namespaceSelector": _namespace(plan.monitoring.namespace)}]
    rule = {"from": peers, "ports": [{"protocol": "TCP", "port": names.METRICS_PORT}]}
    return _policy(
        plan, "prometheus-to-metrics", podSelector=_role(names.ROLE_MODEL), policyTypes=["Ingress"], ingress=[rule]
    )


def _pull_to_dns(plan: Plan) -> Manifest:
    peers = [
        {"namespaceSelector": _namespace(DNS_NAMESPACE), "podSelector": {"matchLabels": DNS_LABELS}},
        {"ipBlock": {"cidr": DNS_ON_NODE}},
    ]
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return _policy(
        plan,
        "pull-to-dns",
        podSelector=_role(names.ROLE_PULL),
        policyTypes=["Egress"],
        egress=[{"to": peers, "ports": ports}],
    )


def _pull_to_hub(plan: Plan) -> Manifest:
    """NetworkPolicy knows no host names: HTTPS to anywhere but private addresses is the closest there is."""
    peers = [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": PRIVATE_V4}},
        {"ipBlock": {"cidr": "::/0", "except": PRIVATE_V6}},
    ]
    return _policy(
        plan,
        "pull-to-hub",
        podSelector=_role(names.ROLE_PULL),
        policyTypes=["Egress"],
        egress=[{"to": peers, "ports": [{"protocol": "TCP", "port": 443}]}],
    )
