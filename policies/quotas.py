"""What namespaces may hold at most, and how much of it a pod holds. Knows ResourceQuotas and no rule.

A container without a request counts as none: a LimitRange may give it one, so what is said here is the least.

Source: kubernetes.io "Resource Quotas".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from policies import quantity
from policies.objects import Pod, Stack
from policies.selector_index import is_identified
from policies.unknown import UNKNOWN, is_unknown
from policies.view import View

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


def held(pod: Pod, key: str) -> Any:
    """How much of what the key counts one pod holds; 0 of what no pod holds. UNKNOWN where only `up` knows."""
    if key in PODS:
        return 1
    fields = ("limits",) if key.startswith("limits.") else ("requests", "limits")
    resource = key.removeprefix("limits.").removeprefix("requests.")
    main = [_amount(container, fields, resource) for container in pod.main_containers]
    init = [_amount(container, fields, resource) for container in pod.spec.items("initContainers")]
    return UNKNOWN if is_unknown(*main, *init) else max(sum(main), *init, 0)


def _amount(container: View, fields: tuple[str, ...], resource: str) -> Any:
    """The first field that has it: a limit without a request is one."""
    amounts = (quantity.parse(container.get(("resources", field, resource))) for field in fields)
    return next((amount for amount in amounts if amount is not None), Fraction(0))
