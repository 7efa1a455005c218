"""Where a pod may go, as plain data of which the packing knows that it has the API's types.

What is unknown or no such value is left out and noted in the view's trace, so it is told among what is not priced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube.objects import Pod
from kube.unknown import UNKNOWN
from kube.view import View

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def placement(pod: Pod) -> dict[str, Any]:
    """The fields of the pod's spec that decide it; those that say nothing are absent."""
    selector = {key: each.data for key, each in pod.spec.entries("nodeSelector").items() if _is_text(each)}
    found = {
        "nodeSelector": selector,
        "tolerations": _mappings(pod.spec, "tolerations"),
        "topologySpreadConstraints": [each for each in _mappings(pod.spec, "topologySpreadConstraints") if _skew(each)],
        "affinity": _affinity(pod.spec),
    }
    return {name: value for name, value in found.items() if value}


def _affinity(spec: View) -> dict[str, Any]:
    terms = _mappings(spec, f"affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms")
    known = [
        term for term in terms if _are_mappings(term.get("matchExpressions")) and _are_mappings(term.get("matchFields"))
    ]
    pods = {kind: _mappings(spec, f"affinity.{kind}.{REQUIRED}") for kind in ("podAffinity", "podAntiAffinity")}
    return {
        **({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": known}}} if known else {}),
        **{kind: {REQUIRED: found} for kind, found in pods.items() if found},
    }


def _mappings(view: View, path: str) -> list[dict[str, Any]]:
    """The elements that are mappings and known."""
    return [each.data for each in view.items(path) if each.is_known() and each.expect(dict, "a mapping") is not None]


def _are_mappings(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(each, Mapping) for each in value))


def _skew(constraint: Mapping[str, Any]) -> bool:
    skew = constraint.get("maxSkew", 1)
    return isinstance(skew, int) and skew > 0


def _is_text(view: View) -> bool:
    return view.data is not UNKNOWN and view.expect(str, "text") is not None
