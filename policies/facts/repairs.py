"""Putting plain data right, for the remedies of rules.

Knows where pods and containers lie, and how to set a field whose parents may be missing. Knows no rule. What is UNKNOWN
or not of the expected type is left alone: only its author can tell what it was to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kube.objects import CONTAINER_LISTS, Object, Pod
from kube.view import Trace


def pods(data: dict[str, Any]) -> Iterator[tuple[Pod, dict[str, Any]]]:
    """Every pod template of an object, for reading, with its spec, for changing."""
    for pod in Object(data).pods(Trace()):
        spec = pod.spec.data
        if isinstance(spec, dict):
            yield pod, spec


def containers(spec: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every container of a pod spec that is a mapping: init, main and ephemeral."""
    for name in CONTAINER_LISTS:
        yield from mappings(spec, name)


def places(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Where a security context may be: the pod spec itself and its containers."""
    return [spec, *containers(spec)]


def mappings(data: dict[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """The elements of a list at a path that are mappings."""
    found = get(data, path)
    if isinstance(found, list):
        yield from (each for each in found if isinstance(each, dict))


def get(data: Any, path: str) -> Any:
    """What is at a path of keys; None where it, or a mapping on the way to it, is not there."""
    for key in path.split("."):
        data = data.get(key) if isinstance(data, dict) else None
    return data


def put(data: dict[str, Any], path: str, value: Any) -> None:
    """Set a field, whatever it was; make mappings on the way where they are absent, give up where one can't be."""
    *parents, last = path.split(".")
    for key in parents:
        if data.get(key) is None:
            data[key] = {}
        child = data[key]
        if not isinstance(child, dict):
            return
        data = child
    data[last] = value


def drop(data: dict[str, Any], path: str) -> None:
    """Remove a field that is there."""
    *parents, last = path.split(".")
    for key in parents:
        data = data[key]
    del data[last]
