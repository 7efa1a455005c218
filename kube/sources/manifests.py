"""Kubernetes manifests, YAML or JSON -> objects whose origin is `file:line`, and notes on what is none.

Knows what makes a document an object. Lists are expanded, so that each item has its own line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from kube.objects import Object, expand
from kube.sources.source import Note
from kube.sources.yaml_text import Node, line_of

_NO_OBJECTS = {
    "kustomize.config.k8s.io": "a kustomization is no object of the cluster; judge what `kustomize build` prints"
}
"""By group of the API: files for tools, which look like objects."""


def from_node(node: Node, name: str) -> Iterator[Object | Note]:
    """The objects of one YAML document."""
    return _read(node.data, f"{name}:{node.line}", partial(line_of, node))


def from_data(data: Any, name: str, line: int) -> Iterator[Object | Note]:
    """The objects of one JSON value."""
    for each in data if isinstance(data, list) else [data]:
        yield from _read(each, f"{name}:{line}", None)


def _read(data: Any, origin: str, find_line: Callable[[str], int] | None) -> Iterator[Object | Note]:
    if not isinstance(data, Mapping):
        yield Note(origin, f"not judged: a document must be a mapping, this is {_kind_of(data)}")
        return
    for each in expand([Object(data, origin, find_line=find_line)]):
        note = _note(each)
        if note:
            yield Note(each.origin, note)
        if each.kind and each.group not in _NO_OBJECTS:
            yield each


def _note(each: Object) -> str:
    if not each.kind:
        lacking = "kind" if each.api_version else "apiVersion and no kind"
        return f"not judged: it has no {lacking}, so it is no Kubernetes object"
    if each.group in _NO_OBJECTS:
        return f"not judged: {_NO_OBJECTS[each.group]}"
    if not each.api_version:
        return f"{each.kind} has no apiVersion: Kubernetes refuses it"
    return ""


def _kind_of(data: Any) -> str:
    return "a list" if isinstance(data, list) else "text" if isinstance(data, str) else "a single value"
