"""What `pulumi stack export` and `pulumi preview --json` print -> Kubernetes objects.

Knows Pulumi's resources and its marks for secrets and for values that are not known yet. Knows no rule. Judges inputs:
they are what the program asked for; outputs hold what the cluster added.

A secret is never decrypted here: it reads as UNKNOWN, and the object says where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kube import marks, resources
from kube.objects import Object, expand
from kube.sources.source import Note
from kube.unknown import UNKNOWN
from kube.view import join

_OF_PULUMI = frozenset({"__defaults", "__initialApiVersion", "__fieldManager"})
_DELETES = frozenset({"delete", "delete-replaced", "discard", "discard-replaced", "remove-pending-replace"})
_UNREADABLE = {"metadata": UNKNOWN, "spec": UNKNOWN, "data": UNKNOWN, "stringData": UNKNOWN, "rules": UNKNOWN}


def resources_of(data: Any) -> Iterable[Any] | None:
    """The resources, where the data is a state or a preview of Pulumi's; None where it is something else."""
    match data:
        case {"version": _, "deployment": {"resources": list(found)}}:
            return found
        case {"version": _, "checkpoint": {"latest": {"resources": list(found)}}}:  # a file of the local backend
            return found
        case {"version": _, "deployment": {"manifest": _}}:  # a stack without resources
            return []
        case {"steps": list(steps)} if all(isinstance(step, Mapping) and "op" in step for step in steps):
            return [step.get("newState") for step in steps if step["op"] not in _DELETES]
    return None


def read(found: Iterable[Any], name: str) -> Iterator[Object | Note]:
    """The Kubernetes objects among the resources."""
    for resource in found:
        if not isinstance(resource, Mapping) or resource.get("delete"):  # replaced, and soon gone
            continue
        origin = f"{name}#{resource.get('urn')}"
        type_name = str(resource.get("type"))
        if resource.get("external"):
            yield Note(origin, "not judged: only read by this stack, not made by it")
        else:
            yield from _objects(type_name, resource.get("inputs"), origin)


def _objects(type_name: str, inputs: Any, origin: str) -> Iterator[Object]:
    secrets: set[str] = set()
    data = _plain(inputs, "", secrets)
    if data is UNKNOWN:  # all of it is secret or not known yet
        data = _UNREADABLE
    made = resources.to_object(type_name, data if isinstance(data, Mapping) else {}, origin, frozenset(secrets))
    return expand([made] if made else [])


def _plain(value: Any, path: str, secrets: set[str]) -> Any:
    """Plain data; paths of secrets are added to the set."""
    if value == marks.SECRET_TEXT or (isinstance(value, Mapping) and value.get(marks.SIGNATURE) == marks.SECRET):
        secrets.add(path)
        return UNKNOWN
    if isinstance(value, Mapping):
        if marks.SIGNATURE in value:  # an asset, another resource: nothing that a Kubernetes object holds
            return UNKNOWN
        return {key: _plain(value[key], join(path, key), secrets) for key in value if key not in _OF_PULUMI}
    if isinstance(value, list):
        return [_plain(item, join(path, index), secrets) for index, item in enumerate(value)]
    return UNKNOWN if isinstance(value, str) and value in marks.UNKNOWN_MARKS else value
