"""Fields are read by path, and what could not be read is not forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace, View, join, walk
from tests.unit.policies import json_data


def view(data: Any, *, is_patch: bool = False) -> View:
    """A view of an object."""
    return Object({"kind": "A", **data}, is_patch=is_patch).view(Trace())


def noted(of: View) -> tuple[set[str], set[str]]:
    """The paths that were unknown, and those of a wrong type."""
    return {path for _, path in of.trace.unknown}, {path for _, path in of.trace.malformed}


def test_a_field_is_read_by_its_path() -> None:
    """Through mappings and lists; a key with dots is one step of a tuple."""
    whole = view({"spec": {"list": [{"a": 1}], "x.y/z": True}})
    assert whole.get("spec.list") == [{"a": 1}]
    assert whole.number(("spec", "list", 0, "a")) == 1
    assert whole.at("spec").flag(("x.y/z",)) is True
    assert whole.get("") == whole.data
    assert noted(whole) == (set(), set())


@pytest.mark.parametrize("path", ["spec", "spec.a", "none.a.b", ("list", 1)])
def test_what_is_not_there_is_none_and_is_not_noted(path: Any) -> None:
    """Absent and null are the same."""
    whole = view({"spec": None, "text": "a", "list": [1]})
    assert whole.get(path) is None
    assert noted(whole) == (set(), set())


@pytest.mark.parametrize(
    ("path", "wrong"),
    [("text.a.b", "text"), (("list", "a"), "list"), (("kind", 0), "kind"), (("list", 0, "a"), "list[0]")],
)
def test_what_is_no_mapping_has_no_fields_and_is_noted(path: Any, wrong: str) -> None:
    """What was to be read there is not absent: nobody can tell."""
    whole = view({"text": "a", "list": [1]})
    assert whole.get(path) is None
    assert noted(whole) == (set(), {wrong})


def test_an_unknown_value_on_the_way_makes_all_below_unknown() -> None:
    """And is noted where it begins, once."""
    whole = view({"spec": UNKNOWN})
    assert whole.text("spec.a.b") is UNKNOWN
    assert whole.items("spec.list") == []
    assert whole.entries("spec.map") == {}
    assert whole.at("spec").at("c").data is UNKNOWN
    assert noted(whole) == ({"spec"}, set())


def test_a_field_of_a_patch_that_is_absent_is_unknown() -> None:
    """The object that it patches may have it. What the patch says, be it null, holds."""
    whole = view({"spec": {"a": None}}, is_patch=True)
    assert whole.get("spec.b") is UNKNOWN
    assert whole.get("metadata.name") is UNKNOWN
    assert whole.get("spec.a") is None
    assert noted(whole)[0] == {"spec.b", "metadata"}


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        ("text", ["a", ""], [1, True, [], {}]),
        ("number", [0, -1, 2**63 - 1, -(2**63)], ["1", 1.0, True, False, [], {}, 2**63, -(2**63) - 1]),
        ("flag", [True, False], ["true", 0, 1, [], {}]),
    ],
)
def test_a_value_of_another_type_reads_as_none_and_is_noted(read: str, good: list[Any], bad: list[Any]) -> None:
    """True is no number, and 1 is not true."""
    for value in good:
        whole = view({"a": value})
        assert getattr(whole, read)("a") == value
        assert noted(whole) == (set(), set())
    for value in bad:
        whole = view({"a": value})
        assert getattr(whole, read)("a") is None
        assert noted(whole) == (set(), {"a"})


def test_elements_and_entries_are_views_with_paths() -> None:
    """Unknown ones among them are noted."""
    whole = view({"list": [1, UNKNOWN], "map": {"a": 1, "b.c": UNKNOWN}})
    assert [each.path for each in whole.items("list")] == ["list[0]", "list[1]"]
    assert {key: each.path for key, each in whole.entries("map").items()} == {"a": "map.a", "b.c": 'map["b.c"]'}
    assert noted(whole) == ({"list[1]", 'map["b.c"]'}, set())


@pytest.mark.parametrize("value", ["text", 1, True, {"a": 1}])
def test_what_is_no_list_has_no_elements_and_is_noted(value: Any) -> None:
    """A mapping in its place neither."""
    whole = view({"list": value})
    assert whole.items("list") == []
    assert noted(whole) == (set(), {"list"})


def test_what_is_no_mapping_has_no_entries_and_is_noted() -> None:
    """A list in its place neither."""
    whole = view({"map": [1]})
    assert whole.entries("map") == {}
    assert noted(whole) == (set(), {"map"})


def test_whether_all_below_is_known_is_told_and_noted() -> None:
    """Every unknown value is noted at its own place."""
    assert view({"a": {"b": [1]}}).at("a").is_known()
    whole = view({"a": {"b": [1, UNKNOWN], "c": UNKNOWN}})
    assert not whole.at("a").is_known()
    assert noted(whole)[0] == {"a.b[1]", "a.c"}


def test_a_finding_is_undecided_when_it_rests_on_an_unknown_value() -> None:
    """Also on one inside a tuple or a list."""
    spec = view({"spec": {}}).at("spec")
    assert spec.bad("a.b", "must be c").path == "spec.a.b"
    assert spec.bad("", "must be c", 1, None).path == "spec"
    assert not spec.bad("a", "must be c", 1, None, "x").undecided
    assert spec.bad("a", "must be c", 1, UNKNOWN).undecided
    assert spec.bad("a", "must be c", (1, [UNKNOWN])).undecided


def test_a_path_is_written_as_people_read_it() -> None:
    """Keys with dots or slashes go into brackets."""
    assert [join("a", "b"), join("a", 0), join("a", "b.c/d"), join("", "a")] == ["a.b", "a[0]", 'a["b.c/d"]', "a"]


def test_all_values_are_walked_the_outer_ones_first() -> None:
    """With their paths."""
    assert list(walk({"a": [1]})) == [((), {"a": [1]}), (("a",), [1]), (("a", 0), 1)]


@given(json_data.objects, st.lists(json_data.keys | st.integers(0, 3), max_size=5).map(tuple), st.booleans())
def test_no_data_makes_reading_fail(data: dict[str, Any], path: tuple[str | int, ...], is_patch: bool) -> None:
    """Whatever is where, each way of reading gives what it promises."""
    whole = Object(data, is_patch=is_patch).view(Trace())
    assert whole.text(path) is UNKNOWN or isinstance(whole.text(path), str | None)
    assert whole.number(path) is UNKNOWN or isinstance(whole.number(path), int | None)
    assert whole.flag(path) in (True, False, None) or whole.flag(path) is UNKNOWN
    assert all(each.path.startswith(whole.at(path).path) for each in whole.items(path))
    assert all(each.path.startswith(whole.at(path).path) for each in whole.entries(path).values())
    assert whole.at(path).is_known() or whole.trace.unknown
