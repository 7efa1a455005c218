"""The way in, and whether what is not allowed is kept out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slipway.doctor import answers as paths
from slipway.doctor.cluster import Cluster
from slipway.doctor.finding import Finding, State
from slipway.doctor.needs import Needs

GATEWAY: Final = "gateway.networking.k8s.io"
ENFORCES: Final = (
    "calico-node", "cilium", "antrea-agent", "weave-net", "kube-router", "canal", "kube-network-policies", "azure-npm",
    "anetd", "ovnkube-node", "tigera-operator", "aws-network-policy-agent",
)  # fmt: skip
"""Network plugins that keep NetworkPolicies, by the names of their workloads."""
MAY_ENFORCE: Final = ("aws-node",)
"""Those that keep them if they are told to."""


def ingress(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """Ingress classes; that one is served by a running controller, only an answer would prove."""
    missing = sorted(needs.ingress_classes - cluster.ingress_classes)
    is_needed, setting = bool(needs.ingress_classes), "slipway:edge.class, slipway:edge.kind"
    if missing:
        has = ", ".join(sorted(cluster.ingress_classes)) or "none"
        said = f"there is no ingress class {', '.join(missing)}; it has: {has}"
        state = State.LACKS if cluster.answers.is_known(paths.INGRESS_CLASSES) else State.UNSURE
        yield Finding(
            "ingress", "Ingress", state, said, "no request reaches a model from outside", setting, is_needed=is_needed
        )
    elif cluster.ingress_classes:
        said = f"classes: {', '.join(sorted(cluster.ingress_classes))}"
        yield Finding("ingress", "Ingress", State.HAS, said, is_needed=is_needed)
    else:
        without = "models can be reached by a Gateway, or from inside the cluster only"
        yield Finding("ingress", "Ingress", State.LACKS, "no ingress class", without, setting, is_needed=is_needed)


def gateway(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """Gateway API's kinds, and a class that a controller has accepted."""
    is_needed = needs.has_group(GATEWAY)
    without = "preview and `up` fail at the first HTTPRoute" if is_needed else "requests come by Ingress"
    accepted = sorted(name for name, is_accepted in cluster.gateway_classes.items() if is_accepted)
    if not cluster.has_group(GATEWAY):
        said = "its kinds are not installed"
    elif not accepted:
        said = "its kinds are installed, but no controller has accepted a GatewayClass"
    else:
        yield Finding("gateway", "Gateway API", State.HAS, f"classes: {', '.join(accepted)}", is_needed=is_needed)
        return
    yield Finding("gateway", "Gateway API", State.LACKS, said, without, "slipway:edge.kind", is_needed=is_needed)


def policies(cluster: Cluster, needs: Needs) -> Iterator[Finding]:
    """A network plugin that ignores NetworkPolicies takes them without a word: only its name tells."""
    subject, without = "network policies", "every pod of the cluster can reach the models, and they the Internet"
    is_needed = needs.has_kind("NetworkPolicy")
    found = [name for name in ENFORCES if cluster.running(name)]
    if found:
        yield Finding("network-policies", subject, State.HAS, f"kept by {', '.join(found)}", is_needed=is_needed)
    elif cluster.running(*MAY_ENFORCE):
        said = "the VPC plugin keeps them only with enableNetworkPolicy"
        yield Finding("network-policies", subject, State.UNSURE, said, without, is_needed=is_needed)
    else:
        said = "no network plugin is seen that is known to keep them"
        yield Finding("network-policies", subject, State.UNSURE, said, without, is_needed=is_needed)
