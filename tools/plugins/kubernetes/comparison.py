"""Diff: what an update would change, what it can't change in place, and in which order a replacement goes.

Puts together the pure parts (diff, immutable) with one question to the API server, which comes in as a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tools.plugins.kubernetes import immutable
from tools.plugins.kubernetes.annotations import AUTONAMED, is_set
from tools.plugins.kubernetes.autoname import is_named
from tools.plugins.kubernetes.diff import Change, ChangeKind, compare, prune, settle, settle_offline, without_ignored
from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.objects import (
    DEFAULT_NAMESPACE,
    api_version_of,
    kind_of,
    name_of,
    namespace_of,
    with_metadata,
)
from tools.plugins.kubernetes.paths import Path
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object, has_unknown

METADATA: Path = ("metadata",)


@dataclass(frozen=True, slots=True)
class Compared:
    """The two sides of a comparison, normalised."""

    old_inputs: Object
    live: Object
    """As the state has it."""
    inputs: Object
    """As the program wants it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What would be done."""

    changes: Sequence[Change]
    replacing: Sequence[Change]
    has_same_name: bool
    """A replacement can only come when the old object has gone: both have the same name."""


def difference(
    compared: Compared,
    *,
    ignored: Sequence[Path],
    settings: Settings,
    is_namespaced: bool,
    dry_run: Callable[[Object], Object | None],
) -> Difference:
    """Compare; `dry_run` gives the object as an update would leave it, None when the server won't say, or raises."""
    compared = replace(compared, inputs=_placed(compared.inputs, is_namespaced=is_namespaced))
    base = _base(compared, is_namespaced=is_namespaced)
    changes = without_ignored(compare(base, compared.inputs), ignored)
    if _may_be_spelling(changes, compared):
        changes = _settled(changes, compared, dry_run)
    fields = immutable.fields_of(compared.inputs, settings)
    replacing = [change for change in changes if _is_replacing(change, fields)]
    return Difference(changes, replacing, has_same_name=_has_same_name(compared))


def _base(compared: Compared, *, is_namespaced: bool) -> Object:
    base: Object = prune(compared.live, compared.old_inputs)
    base = {"apiVersion": api_version_of(compared.inputs), "kind": kind_of(compared.inputs)} | base
    base = _placed(with_metadata(base, resourceVersion=None), is_namespaced=is_namespaced)
    return with_metadata(base, name=name_of(compared.live)) if name_of(compared.inputs) else base


def _placed(obj: Object, *, is_namespaced: bool) -> Object:
    """No namespace means the default one, or none at all for kinds that have none."""
    if not isinstance(obj.get("metadata", {}), dict):
        return obj
    if not is_namespaced:
        return with_metadata(obj, namespace=None)
    given = obj.get("metadata", {}).get("namespace")
    return with_metadata(obj, namespace=given or DEFAULT_NAMESPACE)


def _may_be_spelling(changes: Sequence[Change], compared: Compared) -> bool:
    """Whether a question to the server could make a change go away."""
    return any(change.kind is not ChangeKind.DELETE for change in changes) and _has_same_identity(compared)


def _settled(changes: Sequence[Change], compared: Compared, dry_run: Callable[[Object], Object | None]) -> list[Change]:
    if has_unknown(compared.inputs):
        return settle_offline(changes, compared.old_inputs, compared.inputs)
    try:
        outcome = dry_run(compared.inputs)
    except UnreachableError:
        return settle_offline(changes, compared.old_inputs, compared.inputs)
    return list(changes) if outcome is None else settle(changes, compared.old_inputs, compared.live, outcome)


def _has_same_identity(compared: Compared) -> bool:
    return (
        _has_same_name(compared, even_if_autonamed=True)
        and api_version_of(compared.inputs) == (api_version_of(compared.live) or api_version_of(compared.inputs))
        and kind_of(compared.inputs) == (kind_of(compared.live) or kind_of(compared.inputs))
    )


def _has_same_name(compared: Compared, *, even_if_autonamed: bool = False) -> bool:
    inputs, live = compared.inputs, compared.live
    return (
        is_named(inputs)
        and (even_if_autonamed or not is_set(inputs, AUTONAMED))
        and name_of(inputs) == name_of(live)
        and namespace_of(inputs) == namespace_of(live)
    )


def _is_replacing(change: Change, fields: Sequence[Path]) -> bool:
    if change.kind is ChangeKind.DELETE and change.path == METADATA:
        return True
    return immutable.is_replacing(change, tuple(fields))
