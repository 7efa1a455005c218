"""The way in from outside: one Ingress with one rule per model."""

from infra import names
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import ModelPlan, Plan

# A stream may be silent while a long prompt is read, and must not be collected before it is passed on.
# Controllers other than nginx ignore these.
STREAMING = {
    "nginx.ingress.kubernetes.io/proxy-buffering": "off",
    "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
    "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
}


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
    entry["metadata"]["annotations"] = dict(STREAMING)
    return entry


def _rule(model: ModelPlan) -> Manifest:
    backend = {"service": {"name": model.id, "port": {"name": names.HTTP_PORT_NAME}}}
    paths = [{"path": path, "pathType": kind, "backend": backend} for path, kind in names.PUBLIC_PATHS]
    rule: Manifest = {"http": {"paths": paths}}
    return {"host": model.host, **rule} if model.host else rule
