"""Which pods run on nodes that the provider may take back at short notice, and what such nodes are called.

Knows the labels and taints that the providers put on them: EKS and Karpenter, GKE, AKS. Knows no rule, and no label
that people invent for their own nodes.

Source: docs.aws.amazon.com "Managed node groups", karpenter.sh "Scheduling", cloud.google.com "Run fault-tolerant
workloads in Spot VMs", learn.microsoft.com "Add a spot node pool to AKS".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube.objects import Pod
from kube.view import View

LABELS: Mapping[str, tuple[str, str]] = {
    "eks.amazonaws.com/capacityType": ("SPOT", "aws"),
    "karpenter.sh/capacity-type": ("spot", "aws"),
    "cloud.google.com/gke-spot": ("true", "gcp"),
    "cloud.google.com/gke-preemptible": ("true", "gcp"),
    "cloud.google.com/gke-provisioning": ("spot", "gcp"),
    "kubernetes.azure.com/scalesetpriority": ("spot", "azure"),
}
"""The labels of such nodes: their value there, and the provider."""

TAINTS: Mapping[str, Mapping[str, Any]] = {
    "azure": {"key": "kubernetes.azure.com/scalesetpriority", "value": "spot", "effect": "NoSchedule"},
}
"""The taints that a provider puts on every such node by itself. EKS and GKE put none unless they are told to."""


def demanding(pod: Pod) -> frozenset[str]:
    """The providers on whose spot nodes alone the pod may run; none where it may run elsewhere."""
    selector = pod.spec.at("nodeSelector")
    selected = frozenset(provider for key, (value, provider) in LABELS.items() if selector.get((key,)) == value)
    required = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    terms = [_providers(term) for term in pod.spec.items(required)]
    return selected.union(*terms) if all(terms) else selected


def preferring(pod: Pod) -> frozenset[str]:
    """The providers whose spot nodes the pod prefers or demands."""
    preferred = "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"
    terms = [_providers(each.at("preference")) for each in pod.spec.items(preferred)]
    return demanding(pod).union(*terms)


def _providers(term: View) -> frozenset[str]:
    """The providers whose spot nodes alone a term of a node affinity allows. All its expressions must hold."""
    found: set[str] = set()
    for expression in term.items("matchExpressions"):
        wanted = LABELS.get(str(expression.text("key")))
        values = [each.data for each in expression.items("values")]
        if wanted and expression.text("operator") == "In" and values == [wanted[0]]:
            found.add(wanted[1])
    return frozenset(found)
