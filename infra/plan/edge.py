"""Under which name and address a client finds each model, and who leads it there."""

from typing import Literal

from infra.stack import EdgeConfig

Controller = Literal["nginx", "traefik", "other"]
MOST_NAMES = 100
"""As many names as public authorities put into one certificate."""


def host_of(model_id: str, edge: EdgeConfig) -> str | None:
    """Its name below the stack's; None where any name leads to the one model."""
    return f"{model_id}.{edge.host}" if edge.host else edge.base_host


def url_of(host: str | None, edge: EdgeConfig) -> str:
    """Where a client finds the model."""
    if edge.base_url is not None:
        return edge.base_url
    return f"{'https' if edge.tls else 'http'}://{host}"


def controller_of(edge: EdgeConfig) -> Controller:
    """Whose annotations an Ingress has, by its class: teams call theirs nginx-internal, public-traefik."""
    known: Controller
    for known in ("nginx", "traefik"):
        if known in edge.class_name:
            return known
    return "other"


def makes_gateway(edge: EdgeConfig) -> bool:
    """Whether the stack has a Gateway of its own; else one that somebody else has made."""
    return edge.kind == "gateway" and edge.gateway is None


def needs_certificate(edge: EdgeConfig) -> bool:
    """Whether a certificate of an issuer is used here. A Gateway of others has its own."""
    return edge.tls is not None and edge.tls.issuer is not None and (edge.kind == "ingress" or makes_gateway(edge))
