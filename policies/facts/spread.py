"""Whether the pods of a workload are kept apart: over nodes, zones or kinds of machines.

Knows topology spread constraints and pod anti-affinity, required or preferred. Knows no rule and no replicas.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from kube import label_selectors
from kube.objects import Pod
from kube.unknown import UNKNOWN
from kube.view import View

NODE = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
MACHINE = "node.kubernetes.io/instance-type"


def is_spread(pod: Pod, labels: Mapping[str, Any], over: Collection[str]) -> Any:
    """Whether pods with these labels keep apart over one of the topology keys; UNKNOWN where only `up` knows.

    What selects other pods, or only those of other namespaces, keeps nothing apart.
    """
    for term in _terms(pod):
        namespaces = [each.data for each in term.items("namespaces")] or [pod.object.namespace]
        is_mine = pod.object.namespace in namespaces and label_selectors.matches(term.get("labelSelector"), labels)
        if is_mine and term.text("topologyKey") in over:
            return True
    places = [pod.spec.at("topologySpreadConstraints"), pod.spec.at("affinity")]
    return False if all(place.is_known() for place in places) else UNKNOWN


def _terms(pod: Pod) -> Iterator[View]:
    """Everything that keeps pods apart: each has a topology key and a selector."""
    yield from pod.spec.items("topologySpreadConstraints")
    apart = pod.spec.at("affinity.podAntiAffinity")
    yield from apart.items("requiredDuringSchedulingIgnoredDuringExecution")
    for preference in apart.items("preferredDuringSchedulingIgnoredDuringExecution"):
        yield preference.at("podAffinityTerm")
