"""The way in by the Gateway API: a Gateway where the stack makes its own, and a route for each model.

Only fields of the standard channel: what is experimental is not in every cluster. That leaves out affinity
(`sessionPersistence`); limits of bodies are nowhere in the API, so the models refuse what is too large.
"""

from typing import Any

from infra import names
from infra.manifests.edge.certificates import names_of
from infra.manifests.objects import Manifest, common_labels, manifest, model_labels
from infra.plan import ModelPlan, Plan
from infra.plan.edge import makes_gateway

API = "gateway.networking.k8s.io/v1"
HTTP, HTTPS = "http", "https"
PATHS = {"Prefix": "PathPrefix", "Exact": "Exact"}
NO_LIMIT = "0s"


def gateway(plan: Plan) -> list[Manifest]:
    """For `edge.kind: gateway`."""
    if plan.edge.kind != "gateway":
        return []
    own = [_gateway(plan), *_to_https(plan)] if makes_gateway(plan.edge) else []
    return [*own, *(_route(plan, model) for model in plan.models)]


def _gateway(plan: Plan) -> Manifest:
    """Only routes of the stack's own namespace can join it."""
    edge = plan.edge
    listeners = [_listener(plan, HTTP, 80, "HTTP")]
    if edge.tls is not None:
        certificate = {"kind": "Secret", "name": edge.tls.secret}
        tls = {"mode": "Terminate", "certificateRefs": [certificate]}
        listeners.append({**_listener(plan, HTTPS, 443, "HTTPS"), "tls": tls})
    spec = {"gatewayClassName": edge.class_name, "listeners": listeners}
    return manifest(API, "Gateway", names.INGRESS, plan.namespace, common_labels(plan), spec=spec)


def _listener(plan: Plan, name: str, port: int, protocol: str) -> Manifest:
    host = {"hostname": f"*.{plan.edge.host}"} if plan.edge.host else {}
    return {
        "name": name,
        "port": port,
        "protocol": protocol,
        **host,
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    }


def _to_https(plan: Plan) -> list[Manifest]:
    """Who comes without TLS is told where to go; no request of theirs is answered."""
    if plan.edge.tls is None:
        return []
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    spec = {
        "parentRefs": [_parent(plan, HTTP)],
        **({"hostnames": [f"*.{plan.edge.host}"]} if names_of(plan) else {}),
        "rules": [{"filters": [redirect]}],
    }
    name = f"{names.INGRESS}-to-https"
    return [manifest(API, "HTTPRoute", name, plan.namespace, common_labels(plan), spec=spec)]


def _route(plan: Plan, model: ModelPlan) -> Manifest:
    """A stream lasts as long as it lasts; what is bounded is one attempt at the model."""
    section = (HTTPS if plan.edge.tls else HTTP) if makes_gateway(plan.edge) else None
    rule = {
        "matches": [{"path": {"type": PATHS[kind], "value": path}} for path, kind in names.PUBLIC_PATHS],
        "timeouts": {"request": NO_LIMIT, "backendRequest": f"{plan.edge.timeout_s}s"},
        "backendRefs": [{"kind": "Service", "name": model.id, "port": names.SERVICE_PORT}],
    }
    spec: Manifest = {
        "parentRefs": [_parent(plan, section)],
        **({"hostnames": [model.host]} if model.host else {}),
        "rules": [rule],
    }
    labels = model_labels(plan, model, names.ROLE_MODEL)
    return manifest(API, "HTTPRoute", model.id, plan.namespace, labels, spec=spec)


def _parent(plan: Plan, section: str | None) -> dict[str, Any]:
    edge = plan.edge
    parent = {"group": API.partition("/")[0], "kind": "Gateway", "name": edge.gateway or names.INGRESS}
    if edge.gateway is not None and edge.gateway_namespace is not None:
        parent["namespace"] = edge.gateway_namespace
    return {**parent, **({"sectionName": section} if section else {})}
