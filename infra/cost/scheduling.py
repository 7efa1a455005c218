"""What kube-scheduler asks before it puts a pod on a node: labels, taints, and which pods a rule between pods means.

Pure predicates on plain pod specs. Knows the filters of the default profile that decide how many nodes there are;
preferences (scores) are not here: `packing.py` says which node is taken among those that pass.

Of a namespace only its name is known, which every namespace carries as the label `kubernetes.io/metadata.name`: a
namespace selector that asks for other labels matches none.

Source: k8s.io/kubernetes v1.36 pkg/scheduler/framework/plugins, component-helpers/scheduling/corev1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from infra.cost.types import Workload
from kube.label_selectors import matches, matches_labels

ZONE: Final = "topology.kubernetes.io/zone"
HOSTNAME: Final = "kubernetes.io/hostname"
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_OWN_HASH: Final = {
    "Deployment": "pod-template-hash",
    "StatefulSet": "controller-revision-hash",
    "DaemonSet": "controller-revision-hash",
}
"""Labels that controllers add to their pods; no two workloads have the same value."""
_INTEGER: Final = re.compile(r"[+-]?[0-9]+")


def selects(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether nodeSelector and required node affinity allow a node with these labels."""
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)
    if not matches_labels(spec.get("nodeSelector") or {}, labels):
        return False
    if affinity is None:
        return True
    return any(_matches_term(term, labels) for term in affinity.get("nodeSelectorTerms") or [])


def tolerates(spec: Mapping[str, Any], taints: Iterable[Mapping[str, str]]) -> bool:
    """Whether every taint that keeps pods away is tolerated."""
    tolerations = spec.get("tolerations") or []
    hard = [taint for taint in taints if taint.get("effect") in ("NoSchedule", "NoExecute")]
    return all(any(_tolerates(toleration, taint) for toleration in tolerations) for taint in hard)


def spread_rules(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The topology spread constraints that forbid; the others only prefer."""
    constraints = spec.get("topologySpreadConstraints") or []
    return [each for each in constraints if each.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule"]


def refusals(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Required pod anti-affinity terms."""
    return ((spec.get("affinity") or {}).get("podAntiAffinity") or {}).get(REQUIRED) or []


def attractions(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Required pod affinity terms."""
    return ((spec.get("affinity") or {}).get("podAffinity") or {}).get(REQUIRED) or []


def pod_labels(workload: Workload) -> Mapping[str, str]:
    """Of its pods: those of the template, and the one by which its controller knows them."""
    key = _OWN_HASH.get(workload.kind)
    return {**workload.shape.labels, key: workload.id} if key else workload.shape.labels


def selector(rule: Mapping[str, Any], own_labels: Mapping[str, str]) -> Any:
    """Whom a spread rule or an affinity term of a pod with these labels means, `(mis)matchLabelKeys` taken in."""
    base = rule.get("labelSelector")
    keys = [(key, "In") for key in rule.get("matchLabelKeys") or []]
    keys += [(key, "NotIn") for key in rule.get("mismatchLabelKeys") or []]
    if base is None or not keys:
        return base
    more = [
        {"key": key, "operator": operator, "values": [own_labels[key]]} for key, operator in keys if key in own_labels
    ]
    return {**base, "matchExpressions": [*(base.get("matchExpressions") or []), *more]}


def means_namespace(term: Mapping[str, Any], own_namespace: str, namespace: str) -> bool:
    """Whether a pod affinity term of a pod in `own_namespace` speaks of pods in `namespace`."""
    names, by_labels = term.get("namespaces") or [], term.get("namespaceSelector")
    if not names and by_labels is None:
        return own_namespace == namespace
    return namespace in names or matches(by_labels, {NAMESPACE_NAME: namespace})


def _matches_term(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A term that says nothing matches nothing, as the API has it. The name of a node that is to be bought is unknown:
    it is none of those that somebody could have written down.
    """
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    if not expressions and not fields:
        return False
    is_named = any(field.get("operator") != "NotIn" for field in fields)
    return not is_named and all(_matches_expression(each, labels) for each in expressions)


def _matches_expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if expression.get("operator") not in ("Gt", "Lt"):
        return matches({"matchExpressions": [expression]}, labels)
    have, values = labels.get(str(expression.get("key")), ""), expression.get("values") or [""]
    if not _INTEGER.fullmatch(have) or not _INTEGER.fullmatch(str(values[0])):
        return False
    number, bound = int(have), int(values[0])
    return number > bound if expression["operator"] == "Gt" else number < bound


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, str]) -> bool:
    """The operators Lt and Gt are off in a cluster as it comes: they tolerate nothing."""
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if operator == "Exists":
        return not key or bool(key == taint.get("key"))
    is_equal = key == taint.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")
    return bool(operator == "Equal" and is_equal)
