"""A client's next request goes where its last one went: that replica still has the beginning of the conversation.

A Service does it by the client's address, for whoever comes through it. Ingress controllers ask the Service for its
pods and choose among them themselves, and by address they would send all who sit behind one company's proxy to one
replica. So there it is a cookie, for as long: who keeps none is spread.
"""

from infra import names
from infra.manifests.objects import Manifest
from infra.plan import Plan
from infra.plan.edge import controller_of
from infra.stack import EdgeConfig

NGINX = "nginx.ingress.kubernetes.io"
TRAEFIK = "traefik.ingress.kubernetes.io"


def of_service(edge: EdgeConfig) -> Manifest:
    """Part of a Service's spec."""
    if not edge.affinity_s:
        return {}
    return {
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": edge.affinity_s}},
    }


def for_traefik(plan: Plan) -> dict[str, str]:
    """Annotations of a Service: traefik looks for them there."""
    edge = plan.edge
    if edge.kind != "ingress" or controller_of(edge) != "traefik" or not edge.affinity_s:
        return {}
    cookie = {
        "": "true",
        ".name": names.PROJECT,
        ".httponly": "true",
        ".secure": "true" if edge.tls else "false",
        ".maxage": str(edge.affinity_s),
    }
    return {f"{TRAEFIK}/service.sticky.cookie{key}": value for key, value in cookie.items()}


def for_nginx(edge: EdgeConfig) -> dict[str, str]:
    """Annotations of an Ingress."""
    if not edge.affinity_s:
        return {}
    return {
        f"{NGINX}/affinity": "cookie",
        f"{NGINX}/affinity-mode": "balanced",
        f"{NGINX}/session-cookie-name": names.PROJECT,
        f"{NGINX}/session-cookie-max-age": str(edge.affinity_s),
    }
