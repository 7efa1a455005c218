"""The way in from outside, by an Ingress or by the Gateway API."""

from infra.manifests.edge.certificates import certificates
from infra.manifests.edge.gateway import gateway
from infra.manifests.edge.ingress import ingresses
from infra.manifests.objects import Manifest
from infra.plan import Plan


def edge(plan: Plan) -> list[Manifest]:
    """All objects of the way in, certificates first."""
    return [*certificates(plan), *gateway(plan), *ingresses(plan)]
