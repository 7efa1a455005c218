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
    if edge.kind != "gateway" and edge.gateway != AUTO:
        yield "slipway:edge.gateway: needs slipway:edge.kind gateway; allowed here: 'auto'"


def _check_tls(settings: Settings) -> Iterator[str]:
    edge = settings.edge
    if edge.tls == "secret":
        yield from go_together("edge.tls_secret", edge.tls_secret, is_needed=True, because="slipway:edge.tls secret")
    if edge.tls == "cert-manager":
        yield from go_together("edge.issuer", edge.issuer, is_needed=True, because="slipway:edge.tls cert-manager")
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
    return MonitoringConfig(found.namespace, found.operator, dict(found.labels), found.interval_s)


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
