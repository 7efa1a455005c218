"""What has changed between the state and the inputs, field by field. Pure.

The base of a comparison is the object as the cluster last showed it, cut down to the fields that the old inputs
mention: so a drift that a refresh has found is a change, and a default that the server has set is none.

What the server only spells differently (`1000m` and `1`) would look like a change, too. Which fields those are, only
the server knows: `settle` takes the result of a dry run and keeps what really differs. Without a cluster,
`settle_offline` keeps what the program has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import zip_longest
from typing import Any, Final

from tools.plugins.kubernetes.paths import MISSING, Path, covers, look_up
from tools.plugins.kubernetes.values import UNKNOWN, Object

EMPTY: Final[tuple[Any, ...]] = ({}, [])


class ChangeKind(Enum):
    """What happens to a field; the values are the names of the protocol."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs."""

    path: Path
    kind: ChangeKind
    new: Any = MISSING


def prune(live: Any, shape: Any) -> Any:
    """The part of a live value that `shape` mentions."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        return [prune(value, wanted) for value, wanted in zip(live, shape, strict=False)]
    return live


def compare(old: Any, new: Any, path: Path = ()) -> Iterator[Change]:
    """Every field that differs, at the highest place that is wholly new or wholly gone."""
    if old is MISSING:
        yield Change(path, ChangeKind.ADD, new)
    elif new is MISSING or (new is None and old is not None):
        yield Change(path, ChangeKind.DELETE)
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare_inner(old.get(key, MISSING), new.get(key, MISSING), (*path, key))
    elif isinstance(old, list) and isinstance(new, list):
        for index, (one, other) in enumerate(zip_longest(old, new, fillvalue=MISSING)):
            yield from _compare_inner(one, other, (*path, index))
    elif not _is_same(old, new):
        yield Change(path, ChangeKind.UPDATE, new)


def _compare_inner(old: Any, new: Any, path: Path) -> Iterator[Change]:
    """Null and nothing are the same to an API server."""
    if not (old in (None, MISSING) and new in (None, MISSING)):
        yield from compare(MISSING if old is None else old, new, path)


def _is_same(old: Any, new: Any) -> bool:
    if new is UNKNOWN or isinstance(old, bool) is not isinstance(new, bool):
        return False
    return bool(old == new)


def without_ignored(changes: Iterable[Change], ignored: Sequence[Path]) -> list[Change]:
    """The changes that `ignoreChanges` does not cover."""
    return [change for change in changes if not any(covers(pattern, change.path) for pattern in ignored)]


def settle(changes: Iterable[Change], old_inputs: Object, live: Object, dry_run: Object) -> list[Change]:
    """The changes that an update would make, by the server's own word.

    A field that the program has begun or ceased to set is a change even where its value stays: it changes owner. An
    empty one is not: most of them are the same as nothing.
    """
    return [
        change
        for change in changes
        if change.kind is ChangeKind.DELETE
        or (look_up(old_inputs, change.path) is MISSING and change.new not in EMPTY)
        or look_up(live, change.path) != look_up(dry_run, change.path)
    ]


def settle_offline(changes: Iterable[Change], old_inputs: Object, new_inputs: Object) -> list[Change]:
    """The changes that the program has made, when no server can say what they come to."""
    return [
        change
        for change in changes
        if change.kind is ChangeKind.DELETE
        or look_up(new_inputs, change.path) is UNKNOWN
        or look_up(old_inputs, change.path) != look_up(new_inputs, change.path)
    ]
