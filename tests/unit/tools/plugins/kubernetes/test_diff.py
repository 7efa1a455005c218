"""What differs, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plugins.kubernetes.diff import (
    Change,
    ChangeKind,
    compare,
    prune,
    settle,
    settle_offline,
    without_ignored,
)
from tools.plugins.kubernetes.paths import Path, parse, render
from tools.plugins.kubernetes.values import UNKNOWN

JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(min_size=1, max_size=3), JSON, max_size=3)


def told(old: Any, new: Any) -> dict[str, str]:
    """Path -> kind of change."""
    return {render(change.path): change.kind.value for change in compare(old, new)}


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(obj: dict[str, Any]) -> None:
    """Whatever is in it."""
    assert told(obj, obj) == {}


@given(OBJECTS, OBJECTS)
def test_different_objects_differ_somewhere(old: dict[str, Any], new: dict[str, Any]) -> None:
    """And equal ones nowhere; true is not one."""
    assert (told(old, new) == {}) == (repr_of(old) == repr_of(new))


def repr_of(value: Any) -> Any:
    """A form in which True and 1 differ."""
    if isinstance(value, dict):
        return {key: repr_of(item) for key, item in value.items()}
    return [repr_of(item) for item in value] if isinstance(value, list) else repr(value)


@given(OBJECTS, OBJECTS)
def test_pruning_keeps_only_what_the_shape_mentions(live: dict[str, Any], shape: dict[str, Any]) -> None:
    """And is done after one time."""
    pruned = prune(live, shape)
    assert set(pruned) == set(live) & set(shape)
    assert prune(pruned, shape) == pruned


def test_changes_are_told_at_the_highest_place_that_is_wholly_new_or_gone() -> None:
    """As the official provider does."""
    old = {"a": 1, "gone": {"x": 1}, "list": [1, {"b": 2}], "same": "s"}
    new = {"a": 2, "new": {"y": {"z": 1}}, "list": [1, {"b": 3}, 4], "same": "s"}
    assert told(old, new) == {"a": "UPDATE", "gone": "DELETE", "new": "ADD", "list[1].b": "UPDATE", "list[2]": "ADD"}
    assert told({"list": [1, 2]}, {"list": [1]}) == {"list[1]": "DELETE"}


def test_null_is_the_same_as_nothing() -> None:
    """On either side."""
    assert told({"a": None}, {}) == {}
    assert told({}, {"a": None}) == {}
    assert told({"a": 1}, {"a": None}) == {"a": "DELETE"}
    assert told({"a": None}, {"a": 1}) == {"a": "ADD"}


def test_a_value_that_is_not_known_yet_may_change() -> None:
    """A change is what a preview must assume."""
    assert told({"a": 1}, {"a": UNKNOWN}) == {"a": "UPDATE"}
    assert told({}, {"a": UNKNOWN}) == {"a": "ADD"}


@pytest.mark.parametrize(("old", "new"), [(1, "1"), (True, 1), ([], {}), ({"a": 1}, [1])])
def test_values_of_another_type_are_changes(old: Any, new: Any) -> None:
    """Even where Python takes them for equal."""
    assert told({"a": old}, {"a": new}) == {"a": "UPDATE"}


def changes(*paths: str, kind: ChangeKind = ChangeKind.UPDATE, new: Any = "new") -> list[Change]:
    """Changes at these paths."""
    return [Change(parse(path), kind, new) for path in paths]


def left(found: list[Change]) -> list[str]:
    """Where changes are left."""
    return [render(change.path) for change in found]


def test_ignored_changes_are_dropped_with_all_below_them() -> None:
    """And nothing beside them."""
    ignored: list[Path] = [("spec", "replicas"), ("metadata", "annotations")]
    all_changes = changes("spec.replicas", 'metadata.annotations["a.b"]', "spec.replicasets", "metadata")
    assert left(without_ignored(all_changes, ignored)) == ["spec.replicasets", "metadata"]


def test_what_the_server_only_spells_differently_is_settled() -> None:
    """The result of a dry run equals the live object there."""
    live = {"cpu": "1", "memory": "1Gi"}
    outcome = {"cpu": "1", "memory": "2Gi"}
    inputs = {"cpu": "1000m", "memory": "1024Mi"}
    assert left(settle(changes("cpu", "memory"), inputs, live, outcome)) == ["memory"]


def test_a_field_that_the_program_begins_to_set_is_a_change_even_if_its_value_stays() -> None:
    """It changes owner; an empty one is the same as nothing."""
    live = {"strategy": {"type": "RollingUpdate"}}
    added = changes("strategy", kind=ChangeKind.ADD, new={"type": "RollingUpdate"})
    assert left(settle(added, {}, live, live)) == ["strategy"]
    assert left(settle(changes("labels", kind=ChangeKind.ADD, new={}), {}, live, live)) == []
    assert left(settle(changes("emptyDir", kind=ChangeKind.ADD, new={}), {}, live, {"emptyDir": {}})) == ["emptyDir"]


def test_a_deleted_field_is_always_a_change() -> None:
    """Whatever the server puts in its place."""
    assert left(settle(changes("a", kind=ChangeKind.DELETE), {"a": 1}, {"a": 1}, {"a": 1})) == ["a"]


def test_without_a_server_only_the_programs_own_changes_count() -> None:
    """Unknown values and deletions among them."""
    old = {"cpu": "1000m", "image": "a", "u": 1}
    new = {"cpu": "1000m", "image": "b", "u": UNKNOWN}
    found = [*changes("cpu", "image", "u"), *changes("gone", kind=ChangeKind.DELETE)]
    assert left(settle_offline(found, old, new)) == ["image", "u", "gone"]
