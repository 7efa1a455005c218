"""Which of many label selectors mean a pod, without trying each one on each pod.

Knows namespaces, selectors and labels; not what selects. A selector is filed under one of the labels that it demands,
the one that the fewest others demand, and is tried only on pods that have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kube import label_selectors
from kube.view import View

Key = tuple[str, ...]
"""Namespace, label and value; the namespace alone for selectors that demand no value of a label."""


@dataclass(frozen=True, slots=True)
class SelectorIndex:
    """Objects that select pods of their own namespace, filed by what they demand."""

    filed: Mapping[Key, list[tuple[View, Mapping[str, Any]]]]
    is_complete: bool
    """False where some object has a namespace or a selector that only `up` knows: it may mean any pod."""

    def selecting(self, namespace: str, labels: Mapping[str, Any]) -> list[View]:
        """The objects that surely select a pod with these labels, which are known."""
        keys: list[Key] = [(namespace,), *((namespace, key, str(value)) for key, value in labels.items())]
        tried = [each for key in keys for each in self.filed.get(key, ())]
        return [view for view, selector in tried if label_selectors.matches(selector, labels)]


def index(selecting: Iterable[View], path: str = "spec.selector", *, is_plain: bool = False) -> SelectorIndex:
    """The objects by their LabelSelectors. One without a selector selects nothing. What is not known is noted.

    A plain selector is a mapping of labels, as in a Service, and selects nothing where it is empty.
    """
    known: list[tuple[View, Mapping[str, Any]]] = []
    is_complete = True
    for view in selecting:
        selector = view.at(path)
        if not (is_identified(view) and selector.is_known()):
            is_complete = False
        elif is_plain and selector.data:
            known.append((view, {"matchLabels": selector.data}))
        elif not is_plain and isinstance(selector.data, Mapping):
            known.append((view, selector.data))
    return SelectorIndex(_filed(known), is_complete)


def is_identified(view: View) -> bool:
    """Whether the name and the namespace of an object are known. What is not, is noted."""
    return all([view.at("metadata.name").is_known(), view.at("metadata.namespace").is_known()])


def _filed(known: list[tuple[View, Mapping[str, Any]]]) -> Mapping[Key, list[tuple[View, Mapping[str, Any]]]]:
    demanded = [_keys(view.object.namespace, selector) for view, selector in known]
    demand = Counter(key for keys in demanded for key in keys)
    filed: dict[Key, list[tuple[View, Mapping[str, Any]]]] = {}
    for each, keys in zip(known, demanded, strict=True):
        rarest = min(keys, key=demand.__getitem__, default=(each[0].object.namespace,))
        filed.setdefault(rarest, []).append(each)
    return filed


def _keys(namespace: str, selector: Mapping[str, Any]) -> list[Key]:
    labels = selector.get("matchLabels")
    return [(namespace, key, str(value)) for key, value in labels.items()] if isinstance(labels, Mapping) else []
