"""Certificates of cert-manager for the names of the models."""

from infra import names
from infra.manifests.objects import Manifest, common_labels, manifest
from infra.plan import Plan
from infra.plan.edge import MOST_NAMES, needs_certificate


def certificates(plan: Plan) -> list[Manifest]:
    """Where an issuer is named. An object of our own, no annotation: it is the same for an Ingress and a Gateway."""
    tls = plan.edge.tls
    if tls is None or not needs_certificate(plan.edge):
        return []
    spec = {
        "secretName": tls.secret,
        "dnsNames": names_of(plan),
        "issuerRef": {"group": "cert-manager.io", "kind": tls.issuer_kind, "name": tls.issuer},
        "privateKey": {"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
        "usages": ["digital signature", "server auth"],
    }
    labels = common_labels(plan)
    return [manifest("cert-manager.io/v1", "Certificate", names.INGRESS, plan.namespace, labels, spec=spec)]


def names_of(plan: Plan) -> list[str]:
    """Each model's, which any kind of issuer can prove; of too many, one for all below the stack's."""
    hosts = [model.host for model in plan.models if model.host]
    return hosts if len(hosts) <= MOST_NAMES else [f"*.{plan.edge.host}"]
