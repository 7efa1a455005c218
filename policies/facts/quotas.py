"""What namespaces may hold at most, and how much of it a pod holds. Knows ResourceQuotas and no rule.

A container without a request counts as none: a LimitRange may give it one, so what is said here is the least.

Source: kubernetes.io "Resource Quotas".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kube import quantity
from kube.objects import Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts.selector_index import is_identified

PODS = ("pods", "count/pods")


@dataclass(frozen=True, slots=True, eq=False)
class Quota:
    """One bound of one ResourceQuota: on `requests.nvidia.com/gpu`, say."""

    view: View
    key: str
    most: Any


def quotas(stack: Stack) -> Mapping[str, list[Quota]]:
    """By namespace. Left out are those for some pods only (scopes), and what is no quantity. The unknown is noted."""
    found: dict[str, list[Quota]] = {}
    for view in stack.of_kind("ResourceQuota"):
        if view.items("spec.scopes") or view.get("spec.scopeSelector") is not None or not is_identified(view):
            continue
        for key, value in view.entries("spec.hard").items():
            most = quantity.parse(value.data)
            if most is not None:
                found.setdefault(view.object.namespace, []).append(Quota(view, key, most))
    return found


def held(pod: Pod) -> Mapping[str, Any]:
    """How much one pod holds, by the key of a quota; nothing of what is not there. UNKNOWN where only `up` knows."""
    main = _together([_amounts(container) for container in pod.main_containers])
    one_by_one = [_amounts(container) for container in pod.spec.items("initContainers")]
    found: dict[str, Any] = dict.fromkeys(PODS, 1)
    for amounts in (main, *one_by_one):
        for key, amount in amounts.items():
            before = found.get(key, 0)
            found[key] = UNKNOWN if is_unknown(before, amount) else max(before, amount)
    return found


def _together(several: list[dict[str, Any]]) -> dict[str, Any]:
    """The sum of each key."""
    keys = dict.fromkeys(key for amounts in several for key in amounts)
    return {key: sum(amounts.get(key, 0) for amounts in several) for key in keys}


def _amounts(container: View) -> dict[str, Any]:
    """By the key of a quota. A limit without a request is one, and `cpu` is short for `requests.cpu`."""
    found: dict[str, Any] = {}
    for field, prefixes in (("limits", ("limits.", "requests.", "")), ("requests", ("requests.", ""))):
        for resource, value in container.entries(f"resources.{field}").items():
            amount = quantity.parse(value.data)
            if amount is not None:
                found.update({f"{prefix}{resource}": amount for prefix in prefixes})
    return found
