"""Which pods of a stack a selector means, without trying each selector on each pod.

Knows namespaces, labels and selectors; not what selects. A pod is filed under each of its labels; a selector is tried
only on the pods that have the rarest of the labels that it demands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kube import label_selectors
from kube.objects import Object, Pod, Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import Trace, View

Key = tuple[str, ...]
"""Namespace, label and value; the namespace alone for all its pods."""


@dataclass(frozen=True, slots=True)
class PodIndex:
    """The pods of a stack by namespace and labels."""

    filed: Mapping[Key, list[Pod]]
    certainty: Any
    """True, or UNKNOWN where a pod has a namespace or labels that only `up` knows: any selector may mean it."""

    def in_namespace(self, namespace: Any) -> list[Pod]:
        """All pods of a namespace."""
        return self.filed.get((namespace,), [])

    def selected(self, namespace: Any, selector: Mapping[str, Any]) -> list[Pod]:
        """The pods that a LabelSelector, all of which is known, surely means."""
        labels = selector.get("matchLabels")
        pairs = labels.items() if isinstance(labels, Mapping) else ()
        demanded = [(namespace, key, str(value)) for key, value in pairs]
        candidates = min((self.filed.get(key, []) for key in demanded), key=len, default=self.in_namespace(namespace))
        return [pod for pod in candidates if label_selectors.matches(selector, pod.labels)]

    def behind(self, service: View) -> Any:
        """The pods that a Service surely selects; UNKNOWN where it may select some that only `up` knows."""
        wanted = {key: each.data for key, each in service.entries("spec.selector").items()}
        namespace = namespace_of(service.object, service.trace)
        if is_unknown(service.get("spec.selector"), namespace, *wanted.values()):
            return UNKNOWN
        if not wanted:
            return []
        return self.selected(namespace, {"matchLabels": wanted}) or ([] if self.certainty is True else UNKNOWN)


def index(stack: Stack) -> PodIndex:
    """The pods whose namespace and labels are known. What is not known is noted."""
    filed: dict[Key, list[Pod]] = {}
    certainty: Any = True
    for pod in stack.pods:
        namespace = namespace_of(pod.object, stack.trace)
        if not pod.template.at("metadata.labels").is_known() or namespace is UNKNOWN:
            certainty = UNKNOWN
            continue
        for key in [(namespace,), *((namespace, key, str(value)) for key, value in pod.labels.items())]:
            filed.setdefault(key, []).append(pod)
    return PodIndex(filed, certainty)


def namespace_of(target: Object, trace: Trace) -> Any:
    """The namespace of an object, `default` where it names none; UNKNOWN, and noted, where only `up` knows."""
    value = target.view(trace).get("metadata.namespace")
    return UNKNOWN if value is UNKNOWN else target.namespace
