"""The way in from outside: one Ingress with one rule per model."""

from infra import names
from infra.manifests.edge.affinity import NGINX, for_nginx
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import ModelPlan, Plan
from infra.plan.edge import controller_of
from infra.stack import EdgeConfig


def ingresses(plan: Plan) -> list[Manifest]:
    """For `edge.kind: ingress`."""
    return [ingress(plan)] if plan.edge.kind == "ingress" else []


def ingress(plan: Plan) -> Manifest:
    """Each model has a host name; one that is reached by address only is served under any name."""
    spec: Manifest = {"ingressClassName": plan.edge.class_name, "rules": [_rule(model) for model in plan.models]}
    hosts = [model.host for model in plan.models if model.host]
    if plan.edge.tls is not None:
        spec["tls"] = [{"hosts": hosts, "secretName": plan.edge.tls.secret}]
    elif hosts and (plan.edge.base_url or "").startswith("https:"):
        spec["tls"] = [{"hosts": hosts}]  # with the certificate that the controller has anyway
    entry = manifest("networking.k8s.io/v1", "Ingress", names.INGRESS, plan.namespace, common_labels(plan), spec=spec)
    if annotations := _annotations(plan.edge):
        entry["metadata"]["annotations"] = annotations
    return entry


def _annotations(edge: EdgeConfig) -> dict[str, str]:
    """What nginx would do otherwise: collect a stream before it is passed on, and end one that is silent for a minute.

    A stream may be silent while a long prompt is read. traefik neither buffers nor waits for a bounded time, unless it
    has a middleware for limits of bodies: that one would collect whole answers, so it has none, and the models refuse
    bodies that are too large themselves.
    """
    if controller_of(edge) != "nginx":
        return {}
    return {
        f"{NGINX}/proxy-buffering": "off",
        f"{NGINX}/proxy-read-timeout": str(edge.timeout_s),
        f"{NGINX}/proxy-send-timeout": str(edge.timeout_s),
        f"{NGINX}/proxy-body-size": str(edge.body_bytes),
        **for_nginx(edge),
    }


def _rule(model: ModelPlan) -> Manifest:
    backend = {"service": {"name": model.id, "port": {"name": names.HTTP_PORT_NAME}}}
    paths = [{"path": path, "pathType": kind, "backend": backend} for path, kind in names.PUBLIC_PATHS]
    rule: Manifest = {"http": {"paths": paths}}
    return {"host": model.host, **rule} if model.host else rule
