"""`edge` and `monitoring`: what reaches the models, from where."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from infra import names
from infra.config.common import go_together, need_embedded, unless_none
from infra.endpoints import Endpoints
from infra.settings import AUTO, NONE, Settings, words
from infra.stack import EdgeConfig, MonitoringConfig, TlsConfig

CONTROLLER_NAMESPACES = {"nginx": "ingress-nginx", "traefik": "traefik"}
"""Where well-known controllers run unless somebody moved them, by their class."""


def check(settings: Settings) -> Iterator[str]:
    """A host, a way in, and a certificate that somebody makes."""
    edge = settings.edge
    if settings.target == "kubernetes":
        yield from need_embedded(settings, {"edge.host": edge.host})
        if edge.from_namespace == AUTO and _class_name(settings) not in CONTROLLER_NAMESPACES:
            yield from need_embedded(settings, {"edge.from_namespace": edge.from_namespace})
    if edge.host == AUTO and len(settings.models) > 1 and settings.cluster.kind == "embedded":
        yield "slipway:edge.host: 'auto' serves one model only; allowed: a DNS name, each model gets a name below it"
    yield from _check_tls(settings)
    yield from _check_gateway(settings)
    yield from _check_operator(settings)
    collector = settings.monitoring.otlp_endpoint
    if collector != NONE and not collector.startswith(("http://", "https://")):
        yield f"slipway:monitoring.otlp_endpoint: {collector!r} is not allowed; allowed: a URL, or 'none'"


def _check_gateway(settings: Settings) -> Iterator[str]:
    """Keys that only a Gateway of others takes, and those that it does not."""
    edge = settings.edge
    if edge.kind != "gateway":
        for key in ("gateway", "gateway_namespace"):
            if getattr(edge, key) != AUTO:
                yield f"slipway:edge.{key}: needs slipway:edge.kind gateway; allowed here: 'auto'"
    elif edge.gateway == AUTO:
        if edge.gateway_namespace != AUTO:
            yield "slipway:edge.gateway_namespace: needs slipway:edge.gateway; allowed here: 'auto'"
    elif edge.issuer != NONE:
        yield (
            f"slipway:edge.issuer: {edge.issuer!r} with slipway:edge.gateway, whose certificate is its owner's; "
            "allowed here: 'none', and the name of its Secret in slipway:edge.tls_secret where it speaks TLS"
        )


def _check_operator(settings: Settings) -> Iterator[str]:
    """What only the Prometheus operator's objects say."""
    found = settings.monitoring
    if not found.operator:
        for key, default in (("labels", words.OPERATOR_LABELS), ("interval_s", words.SCRAPE_S)):
            if (value := getattr(found, key)) != default:
                because = "needs slipway:monitoring.operator true"
                yield f"slipway:monitoring.{key}: {value!r} {because}; allowed here: {default!r}"


def _check_tls(settings: Settings) -> Iterator[str]:
    edge = settings.edge
    if edge.tls == "secret":
        yield from go_together("edge.tls_secret", edge.tls_secret, is_needed=True, because="slipway:edge.tls secret")
    if edge.tls == "cert-manager":
        yield from go_together("edge.issuer", edge.issuer, is_needed=True, because="slipway:edge.tls cert-manager")
    if edge.tls in (NONE, "secret") and edge.issuer != NONE:
        yield f"slipway:edge.issuer: {edge.issuer!r} with slipway:edge.tls {edge.tls}; allowed here: 'none'"
    if edge.tls == NONE and edge.tls_secret != NONE:
        yield f"slipway:edge.tls_secret: {edge.tls_secret!r} with slipway:edge.tls none; allowed here: 'none'"
    if edge.issuer == NONE and edge.issuer_kind != "ClusterIssuer":
        yield f"slipway:edge.issuer_kind: {edge.issuer_kind!r} needs slipway:edge.issuer; allowed here: 'ClusterIssuer'"
    if settings.cluster.kind == "embedded" and _tls(settings) is not None and edge.host == AUTO:
        yield "slipway:edge.host: 'auto' has no name to make a certificate for; allowed with TLS: a DNS name"


def resolve(settings: Settings, endpoints: Endpoints) -> EdgeConfig:
    """With the local cluster's controller where that is the one."""
    edge, embedded = settings.edge, settings.cluster.kind == "embedded"
    from_cluster = embedded and edge.from_namespace == AUTO
    any_host = edge.host == AUTO
    class_name = _class_name(settings)
    from_namespace = CONTROLLER_NAMESPACES.get(class_name) if edge.from_namespace == AUTO else edge.from_namespace
    return EdgeConfig(
        kind=edge.kind,
        class_name=endpoints.ingress_class if embedded and edge.class_ == AUTO else class_name,
        host=None if any_host else edge.host,
        base_url=endpoints.ingress_url if any_host else None,
        base_host=_name_in(endpoints.ingress_url) if any_host else None,
        source_cidrs=endpoints.ingress_source_cidrs if from_cluster else (),
        from_namespace=None if from_cluster else from_namespace,
        tls=_tls(settings),
        gateway=None if edge.gateway == AUTO else edge.gateway,
        gateway_namespace=None if edge.gateway_namespace == AUTO else edge.gateway_namespace,
        affinity_s=edge.affinity_s,
        body_bytes=edge.body_limit,
        timeout_s=edge.timeout_s,
    )


def resolve_monitoring(settings: Settings) -> MonitoringConfig:
    """As it was written."""
    found = settings.monitoring
    collector = unless_none(found.otlp_endpoint)
    return MonitoringConfig(found.namespace, found.operator, dict(found.labels), found.interval_s, collector)


def _class_name(settings: Settings) -> str:
    return words.EDGE_CLASS if settings.edge.class_ == AUTO else settings.edge.class_


def _tls(settings: Settings) -> TlsConfig | None:
    edge = settings.edge
    secret = unless_none(edge.tls_secret)
    if edge.tls == NONE or (edge.tls == AUTO and edge.issuer == NONE and secret is None):
        return None
    issuer = unless_none(edge.issuer) if edge.tls in (AUTO, "cert-manager") else None
    return TlsConfig(secret or words.TLS_SECRET, issuer, edge.issuer_kind)


def _name_in(url: str) -> str | None:
    """The host of a URL, unless it is an address: a rule knows names only."""
    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host if names.DNS_NAME.fullmatch(host) else None
    return None
