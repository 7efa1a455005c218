"""What kube-scheduler asks before it puts a pod on a node: labels, taints, spread, and which pods refuse each other.

Pure predicates on plain pod specs. Knows the filters of the default profile that decide how many nodes there are;
preferences (scores) are not here: `packing.py` says which node is taken among those that pass.
Source: k8s.io/kubernetes pkg/scheduler/framework/plugins, component-helpers/scheduling/corev1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from policies.label_selectors import matches, matches_labels

ZONE, HOSTNAME = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


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


def means(term: Mapping[str, Any], own_namespace: str, namespace: str, labels: Mapping[str, str]) -> bool:
    """Whether a pod affinity term of a pod in `own_namespace` speaks of a pod in `namespace` with these labels."""
    namespaces = term.get("namespaces") or ([] if "namespaceSelector" in term else [own_namespace])
    is_there = namespace in namespaces or term.get("namespaceSelector") == {}
    return is_there and matches(term.get("labelSelector"), labels)


def _matches_term(term: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """A term without expressions matches nothing, as the API says."""
    expressions = term.get("matchExpressions") or []
    return bool(expressions) and all(_matches_expression(each, labels) for each in expressions)


def _matches_expression(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if expression.get("operator") not in ("Gt", "Lt"):
        return matches({"matchExpressions": [expression]}, labels)
    have, values = labels.get(str(expression.get("key")), ""), expression.get("values") or [""]
    try:
        number, bound = int(have), int(values[0])
    except ValueError:
        return False
    return number > bound if expression["operator"] == "Gt" else number < bound


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, str]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    key, operator = toleration.get("key") or "", toleration.get("operator") or "Equal"
    if not key:
        return bool(operator == "Exists")
    if key != taint.get("key"):
        return False
    return bool(operator == "Exists" or (toleration.get("value") or "") == (taint.get("value") or ""))
