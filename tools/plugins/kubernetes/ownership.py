"""Who owns which field of an object, by its `metadata.managedFields`. Pure.

Objects are created with one POST, so that an existing one is never overwritten, and updated by server-side apply.
The first update therefore moves what the POST has set into our own apply entry; otherwise fields that the program
drops would stay.

    managedFields entry = {manager, operation: Apply or Update, subresource, fieldsV1: {"f:spec": {"f:replicas": {}}}}
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from tools.plugins.kubernetes.annotations import PATCH_FORCE, is_set
from tools.plugins.kubernetes.objects import child, items
from tools.plugins.kubernetes.paths import MISSING, WILDCARD, Path, look_up, set_at, without
from tools.plugins.kubernetes.values import Object

APPLY: Final = "Apply"
UPDATE: Final = "Update"

TAKEN_OVER: Final = (
    ("before-first-apply", UPDATE),
    ("kubectl", APPLY),
    ("kubectl", UPDATE),
    ("pulumi-kubernetes", UPDATE),
    ("pulumi-resource-kubernetes", UPDATE),
)
"""By the beginning of a manager's name: what a create of ours has set, and what people have changed by hand."""


def take_over(live: Object, manager: str) -> list[Object]:
    """The JSON patch that makes us the owner of what we, or kubectl, have set; empty when there is nothing to do."""
    entries = items(live, "metadata", "managedFields")
    moved = [entry for entry in entries if _is_taken_over(entry)]
    if not moved:
        return []
    own = [entry for entry in entries if entry.get("manager") == manager and entry.get("operation") == APPLY]
    rest = [entry for entry in entries if entry not in moved and entry not in own]
    fields: Object = {}
    for entry in (*own, *moved):
        fields = _union(fields, entry.get("fieldsV1") or {})
    mine = {**moved[0], "manager": manager, "operation": APPLY, "fieldsV1": fields}
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [*rest, mine]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": child(live, "metadata", "resourceVersion")},
    ]


def is_forced(inputs: Object, live: Object | None, *, always: bool, dry_run: bool) -> bool:
    """Whether to take fields from other owners instead of failing with a conflict."""
    if always or is_set(inputs, PATCH_FORCE):
        return True
    entries = items(live or {}, "metadata", "managedFields")
    if live is not None and not entries:
        return True  # older than server-side apply: one owner has everything
    return dry_run and any(map(_is_taken_over, entries))  # a preview has not taken them over before


def honour_ignored(inputs: Object, live: Object, ignored: Iterable[Path], manager: str) -> Object:
    """The inputs with each ignored field as it is in the cluster: left to its other owner, or kept at its value."""
    own, others = _fields(live, manager)
    for path in ignored:
        keys = [step for step in path if isinstance(step, str) and step != WILDCARD]
        if len(keys) != len(path):
            continue  # inside a list: the engine has put the old input there
        if _owns(others, keys) and not _owns(own, keys):
            inputs = without(inputs, path)
            continue
        value = look_up(live, path)
        if value is not MISSING:
            inputs = set_at(inputs, path, value)
    return inputs


def _is_taken_over(entry: Mapping[str, Any]) -> bool:
    return not entry.get("subresource") and any(
        str(entry.get("manager")).startswith(name) and entry.get("operation") == operation
        for name, operation in TAKEN_OVER
    )


def _fields(live: Object, manager: str) -> tuple[Object, Object]:
    own: Object = {}
    others: Object = {}
    for entry in items(live, "metadata", "managedFields"):
        fields = entry.get("fieldsV1") or {}
        if entry.get("manager") == manager:
            own = _union(own, fields)
        else:
            others = _union(others, fields)
    return own, others


def _owns(fields: Object, keys: Sequence[str]) -> bool:
    return look_up(fields, tuple(f"f:{key}" for key in keys)) is not MISSING


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> Object:
    return {
        **one,
        **{key: _union(one[key], value) if key in one else value for key, value in other.items()},
    }
