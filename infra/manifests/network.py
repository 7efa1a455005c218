"""Network policies: nothing may talk, then the named openings that this plan needs, and no policy that nobody needs.

    ingress controller, gateway ──8000──> model      prometheus ──9090──> model
    pull Job, a model that downloads as it starts ──53──> cluster DNS, ──443──> the hub (public addresses only)
    model ──53──> cluster DNS, ──> the collector of its traces, where one is named
    backup Job ──53──> cluster DNS, ──> its bucket; the one with history ──> prometheus
    model with a tunnel ──53──> cluster DNS, ──7844, 443──> Cloudflare (public addresses only)
    monitor ──53──> cluster DNS, ──8000──> model, ──443──> its webhook      prometheus ──9095──> monitor

A model whose weights are on a volume opens no other connection. A fill Job copies from a volume and has no network.
A pull Job's openings are for pods of its role: while none runs, nothing is open. Autoscalers reach no pod of ours: HPA
and KEDA ask the API server, a metrics adapter, or Prometheus, which is let in above.
"""

from collections.abc import Iterator

from infra import names
from infra.catalog.types import HubSource
from infra.manifests import delivery
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.manifests.peers import ANYWHERE, PUBLIC, in_namespace, of_url
from infra.plan import Plan
from infra.plan.edge import needs_certificate

DNS_NAMESPACE, DNS_LABELS = "kube-system", {"k8s-app": "kube-dns"}
DNS_ON_NODE = "169.254.20.10/32"  # NodeLocal DNSCache, where there is one: on the node itself, so no label finds it
S3_URL = "https://s3.amazonaws.com"  # any name of S3 will do: it only says the port, and that it is a public address
TUNNEL_EDGE_PORT = 7844  # of Cloudflare: QUIC over UDP, HTTP/2 over TCP
SOLVER_LABEL, SOLVER_PORT = "acme.cert-manager.io/http01-solver", 8089

Selector = Manifest


def network_policies(plan: Plan) -> list[Manifest]:
    """All policies of the namespace, in a stable order."""
    inwards = [*_from_edge(plan), _from_prometheus(plan)]
    outwards = [*_to_collector(plan), *_to_hub(plan), *_to_backups(plan), *_to_tunnel(plan)]
    return [_default_deny(plan), *inwards, *outwards, *_of_monitor(plan)]


def _policy(plan: Plan, name: str, pods: Selector, **spec: object) -> Manifest:
    body = {"podSelector": pods, **spec}
    return manifest("networking.k8s.io/v1", "NetworkPolicy", name, plan.namespace, common_labels(plan), spec=body)


def _egress(plan: Plan, name: str, pods: Selector, peers: list[Manifest], ports: list[Manifest]) -> Manifest:
    return _policy(plan, name, pods, policyTypes=["Egress"], egress=[{"to": peers, "ports": ports}])


def _ingress(plan: Plan, name: str, pods: Selector, peers: list[Manifest], port: int) -> Manifest:
    return _policy(plan, name, pods, policyTypes=["Ingress"], ingress=[{"from": peers, "ports": [_tcp(port)]}])


def _role(role: str) -> Selector:
    return {"matchLabels": {names.ROLE_LABEL: role}}


def _tcp(port: int) -> Manifest:
    return {"protocol": "TCP", "port": port}


def _default_deny(plan: Plan) -> Manifest:
    return _policy(plan, "default-deny", {}, policyTypes=["Ingress", "Egress"])


def _from_edge(plan: Plan) -> Iterator[Manifest]:
    """The proxies of a Gateway run beside it or beside their controller, as the implementation likes it.

    cert-manager may prove a name by a pod that answers for it, in this namespace and for a minute.
    """
    edge = plan.edge
    peers: list[Manifest] = [{"ipBlock": {"cidr": cidr}} for cidr in edge.source_cidrs]
    of_gateway = edge.gateway_namespace if edge.kind == "gateway" else None
    peers += [in_namespace(name) for name in dict.fromkeys((edge.from_namespace, of_gateway)) if name is not None]
    yield _ingress(plan, "ingress-to-model", _role(names.ROLE_MODEL), peers, names.HTTP_PORT)
    if needs_certificate(edge):
        yield _ingress(plan, "ingress-to-solver", {"matchLabels": {SOLVER_LABEL: "true"}}, peers, SOLVER_PORT)


def _from_prometheus(plan: Plan) -> Manifest:
    rule = {"from": [in_namespace(plan.monitoring.namespace)], "ports": [_tcp(names.METRICS_PORT)]}
    return _policy(plan, "prometheus-to-metrics", _role(names.ROLE_MODEL), policyTypes=["Ingress"], ingress=[rule])


def _to_collector(plan: Plan) -> Iterator[Manifest]:
    endpoint = plan.monitoring.otlp_endpoint
    if endpoint is not None:
        yield _to_dns(plan, "model", _role(names.ROLE_MODEL))
        yield _egress(plan, "model-to-collector", _role(names.ROLE_MODEL), *of_url(endpoint, ANYWHERE))


def _to_hub(plan: Plan) -> Iterator[Manifest]:
    """For pull Jobs, and for models that download before they start. A policy can't end when an init container does."""
    if any(model.weights.filled and isinstance(model.weights.source, HubSource) for model in plan.models):
        yield from _openings_to_hub(plan, "pull", _role(names.ROLE_PULL))
    if any(delivery.labels(model.weights) for model in plan.models):
        yield from _openings_to_hub(plan, "start", {"matchLabels": {names.PULLS_LABEL: "true"}})


def _openings_to_hub(plan: Plan, who: str, pods: Selector) -> Iterator[Manifest]:
    """NetworkPolicy knows no host names: HTTPS to anywhere but private addresses is the closest there is."""
    yield _to_dns(plan, who, pods)
    yield _egress(plan, f"{who}-to-hub", pods, PUBLIC, [_tcp(443)])


def _to_dns(plan: Plan, who: str, pods: Selector) -> Manifest:
    of_cluster = {**in_namespace(DNS_NAMESPACE), "podSelector": {"matchLabels": DNS_LABELS}}
    peers = [of_cluster, {"ipBlock": {"cidr": DNS_ON_NODE}}]
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return _egress(plan, f"{who}-to-dns", pods, peers, ports)


def _to_backups(plan: Plan) -> Iterator[Manifest]:
    """A backup to a volume has no network. History is copied by the one Job that is no model's."""
    backup = plan.backup
    if backup is None:
        return
    pods = _role(names.ROLE_BACKUP)
    history = {**pods, "matchExpressions": [{"key": names.MODEL_LABEL, "operator": "DoesNotExist"}]}
    if backup.target == "s3":
        yield _to_dns(plan, "backup", pods)
        peers, ports = of_url(backup.endpoint or S3_URL, PUBLIC if backup.endpoint is None else ANYWHERE)
        yield _egress(plan, "backup-to-bucket", pods, peers, ports)
    elif backup.prometheus_url is not None:
        yield _to_dns(plan, "backup", history)
    if backup.prometheus_url is not None:
        peers, ports = of_url(backup.prometheus_url, ANYWHERE)
        yield _egress(plan, "backup-to-prometheus", history, peers, ports)


def _to_tunnel(plan: Plan) -> Iterator[Manifest]:
    """Containers of a pod share its network: the server may reach Cloudflare's ports, too."""
    if any(model.tunnel for model in plan.models):
        pods = {"matchLabels": {names.TUNNEL_LABEL: "true"}}
        yield _to_dns(plan, "tunnel", pods)
        ports = [_tcp(TUNNEL_EDGE_PORT), {"protocol": "UDP", "port": TUNNEL_EDGE_PORT}, _tcp(443)]
        yield _egress(plan, "tunnel-to-cloudflare", pods, PUBLIC, ports)


def _of_monitor(plan: Plan) -> Iterator[Manifest]:
    """It asks the models as the edge does. Where its webhook is, only a Secret knows."""
    monitor = plan.sidecars.monitor
    if monitor is None:
        return
    who, pods, models = names.ROLE_MONITOR, _role(names.ROLE_MONITOR), _role(names.ROLE_MODEL)
    yield _to_dns(plan, who, pods)
    yield _egress(plan, f"{who}-to-model", pods, [{"podSelector": models}], [_tcp(names.HTTP_PORT)])
    yield _ingress(plan, f"model-from-{who}", models, [{"podSelector": pods}], names.HTTP_PORT)
    yield _ingress(plan, f"prometheus-to-{who}", pods, [in_namespace(plan.monitoring.namespace)], names.MONITOR_PORT)
    if monitor.webhook_secret is not None:
        yield _egress(plan, f"{who}-to-webhook", pods, ANYWHERE, [_tcp(443)])
