"""The ConfigMaps and Secrets that a stack will have, with their keys: its own, and those that operators make for it.

Knows External Secrets, Sealed Secrets and cert-manager by the names of what they make. Knows no value of any key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube.objects import Stack
from kube.unknown import UNKNOWN, is_unknown
from kube.view import View
from policies.facts.selector_index import is_identified

KEYED: Mapping[str, tuple[str, str]] = {"ConfigMap": ("data", "binaryData"), "Secret": ("data", "stringData")}
"""Where each kind keeps its keys."""
ROOT_CERTIFICATE = "kube-root-ca.crt"
"""A ConfigMap that Kubernetes puts into every namespace."""
ISSUERS = ("cert-manager.io/cluster-issuer", "cert-manager.io/issuer")
"""Annotations by which cert-manager makes the Secrets that an Ingress names."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of a ConfigMap or Secret, and whether it has any other key: True, False, UNKNOWN."""

    names: frozenset[str] = frozenset()
    others: Any = True

    def has(self, key: str) -> Any:
        """True, False, or UNKNOWN."""
        return key in self.names or self.others


@dataclass(frozen=True, slots=True)
class Provided:
    """All of them, by kind, namespace and name."""

    keys: Mapping[tuple[str, str, str], Keys]
    adrift: frozenset[str]
    """The kinds of which there is one whose name or namespace only `up` knows."""

    def find(self, kind: str, namespace: Any, name: Any) -> Any:
        """The keys; None where there is no such object, UNKNOWN where that is not known."""
        if name == ROOT_CERTIFICATE:
            return Keys()
        if is_unknown(namespace, name):
            return UNKNOWN
        return self.keys.get((kind, namespace, name)) or (UNKNOWN if kind in self.adrift else None)


def provided(stack: Stack) -> Provided:
    """Those of a stack. What is not known is noted."""
    found: dict[tuple[str, str, str], Keys] = {}
    adrift: set[str] = set()
    for kind, view, name, keys in _all(stack):
        if is_identified(view) and not is_unknown(name):
            found[kind, view.object.namespace, name] = keys
        else:
            adrift.add(kind)
    return Provided(found, frozenset(adrift))


def _all(stack: Stack) -> Iterator[tuple[str, View, Any, Keys]]:
    for kind, fields in KEYED.items():
        for view in stack.of_kind(kind):
            yield kind, view, view.object.name, _keys(view, fields)
    for maker, named in _MAKERS.items():
        for view in stack.of_kind(maker):
            for name in named(view):
                yield "Secret", view, view.object.name if name is None else name, Keys()


def _keys(view: View, fields: tuple[str, ...]) -> Keys:
    """Only which keys there are is read: a value that is not known yet does not matter."""
    data = [view.at(field).expect(dict, "a mapping") for field in fields]
    names = frozenset(str(key) for each in data if isinstance(each, Mapping) for key in each)
    return Keys(names, UNKNOWN if is_unknown(*data) else False)


def _issued(ingress: View) -> Iterator[Any]:
    if any(ingress.get(("metadata", "annotations", issuer)) is not None for issuer in ISSUERS):
        for tls in ingress.items("spec.tls"):
            yield tls.text("secretName")


_MAKERS: Mapping[str, Callable[[View], Iterator[Any]]] = {
    "ExternalSecret": lambda view: iter([view.text("spec.target.name")]),
    "SealedSecret": lambda view: iter([view.text("spec.template.metadata.name")]),
    "Certificate": lambda view: iter([view.text("spec.secretName")]),
    "Ingress": _issued,
}
"""The names of the Secrets that an object of each kind makes; None stands for its own name."""
