"""What to know of the way in: what its controller does not do, and what must be there already."""

from collections.abc import Iterator, Sequence

from infra import units
from infra.plan.edge import MOST_NAMES, controller_of, makes_gateway, needs_certificate
from infra.plan.model import ModelPlan
from infra.settings import words
from infra.stack import EdgeConfig, StackConfig


def edge_notices(config: StackConfig, models: Sequence[ModelPlan]) -> Iterator[str]:
    """Sentences. The local cluster is nobody's way in."""
    if config.cluster.embedded or config.target != "kubernetes":
        return
    edge = config.edge
    if edge.tls is None:
        yield "requests and answers cross the network in plain text; set slipway:edge.issuer or slipway:edge.tls_secret"
    if needs_certificate(edge) and len(models) > MOST_NAMES:
        yield f"a certificate has at most {MOST_NAMES} names, so it is for *.{edge.host}: its issuer must solve dns01"
    yield from _of_gateway(edge) if edge.kind == "gateway" else _of_class(edge)


def _of_gateway(edge: EdgeConfig) -> Iterator[str]:
    limit = f"bodies above {units.format_bytes(edge.body_bytes)} are refused by the models alone"
    affinity = ", and a client's requests go to any replica" if edge.affinity_s else ""
    yield f"the Gateway API has no limit of bodies and no affinity that all know: {limit}{affinity}"
    if not makes_gateway(edge):
        where = f"{edge.gateway_namespace}/{edge.gateway}" if edge.gateway_namespace else edge.gateway
        scheme = "HTTPS" if edge.tls else "HTTP"
        yield (
            f"the Gateway {where} must have a listener for {scheme} and *.{edge.host} that takes routes of this "
            "namespace; its certificate is its owner's"
        )


def _of_class(edge: EdgeConfig) -> Iterator[str]:
    controller = controller_of(edge)
    if controller == "traefik" and edge.timeout_s != words.TIMEOUT_S:
        yield (
            f"slipway:edge.timeout_s is {edge.timeout_s}: an Ingress can't tell it to traefik, which waits without "
            "limit unless its own configuration says otherwise"
        )
    if controller == "other":
        yield (
            f"class {edge.class_name} is neither nginx nor traefik: its controller must be told by hand to wait "
            f"{edge.timeout_s} s for an answer and not to buffer it; larger bodies are refused by the models alone"
        )
