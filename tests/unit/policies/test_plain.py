"""The engine's messages as plain data, and back without losing what was not touched."""

from typing import Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct

from kube import marks
from kube.unknown import UNKNOWN
from policies import plain

SIGNATURE = marks.SIGNATURE


def message(data: dict[str, Any]) -> Struct:
    """As the engine sends it."""
    return json_format.ParseDict(data, Struct())


def secret(value: Any) -> dict[str, Any]:
    """A value with the engine's mark of a secret."""
    return {SIGNATURE: marks.SECRET, "value": value}


def test_numbers_are_whole_where_they_are() -> None:
    """Protocol buffers know floating point only; `replicas: 3` must not become 3.0."""
    data = plain.from_struct(message({"whole": 3, "part": 0.5, "flag": True, "text": "3", "none": None})).data
    assert data == {"whole": 3, "part": 0.5, "flag": True, "text": "3", "none": None}
    assert [(type(data["whole"]), type(data["flag"]))] == [(int, bool)]
    assert list(data) == sorted(data)


def test_every_mark_of_an_unknown_value_is_read_at_any_depth() -> None:
    """All seven of the engine's, in mappings and in lists."""
    for mark in marks.UNKNOWN_MARKS:
        data = plain.from_struct(message({"a": mark, "b": {"c": [mark, {"d": mark}]}})).data
        assert data["a"] is UNKNOWN
        assert data["b"]["c"][0] is UNKNOWN
        assert data["b"]["c"][1]["d"] is UNKNOWN
    assert len(marks.UNKNOWN_MARKS) == 7


def test_a_secret_is_its_value_with_a_mark_on_its_path() -> None:
    """Rules see the shape; the texts inside are known, so that they can be kept out of what is shown."""
    read = plain.from_struct(message({"data": {"key": secret("hunter2"), "open": "x"}, "all": secret({"a": ["b"]})}))
    assert read.data == {"data": {"key": "hunter2", "open": "x"}, "all": {"a": ["b"]}}
    assert read.secrets == {"data.key", "all"}
    assert read.secret_texts == {"hunter2", "b"}


def test_a_secret_that_is_not_known_yet_is_unknown() -> None:
    """Both marks at once."""
    read = plain.from_struct(message({"key": secret(marks.UNKNOWN_MARK)}))
    assert read.data["key"] is UNKNOWN
    assert read.secrets == {"key"}


def test_an_output_is_its_value_or_unknown() -> None:
    """An output that has no value yet is unknown; one that is secret is a secret."""
    known = {SIGNATURE: marks.OUTPUT, "value": "x", "secret": True}
    read = plain.from_struct(
        message({"known": known, "open": {**known, "secret": False}, "new": {SIGNATURE: marks.OUTPUT}})
    )
    assert read.data["known"] == read.data["open"] == "x"
    assert read.data["new"] is UNKNOWN
    assert read.secrets == {"known"}


def changed(original: dict[str, Any], change: Any) -> dict[str, Any]:
    """The message after a change of its plain data."""
    struct = message(original)
    before, after = plain.from_struct(struct).data, plain.from_struct(struct).data
    change(after)
    written: dict[str, Any] = json_format.MessageToDict(plain.write_back(struct, before, after))
    return written


ORIGINAL = {
    "spec": {
        "token": secret("hunter2"),
        "list": [{"name": "a", "key": secret("x")}, {"name": "b", "late": marks.UNKNOWN_MARK}],
    },
    "late": next(iter(marks.UNKNOWN_MARKS - {marks.UNKNOWN_MARK})),
}


def test_what_is_not_changed_is_written_as_it_was() -> None:
    """Secrets stay marked, an unknown boolean stays an unknown boolean."""
    expected = {**ORIGINAL, "spec": {**ORIGINAL["spec"], "new": {"n": 1.0, "flag": False, "none": None}}}  # type: ignore[dict-item]
    assert changed(ORIGINAL, lambda data: data["spec"].update(new={"n": 1, "flag": False, "none": None})) == expected


def test_a_secret_that_is_changed_stays_a_secret() -> None:
    """Also one whose inside is changed."""
    assert changed({"a": secret("x")}, lambda data: data.update(a="y")) == {"a": secret("y")}
    assert changed({"a": secret({"b": "x", "c": "y"})}, lambda data: data["a"].pop("b")) == {"a": secret({"c": "y"})}


def test_elements_that_move_keep_their_marks() -> None:
    """One is inserted before them, one is removed, one is changed: found by content, then by name."""

    def insert(data: dict[str, Any]) -> None:
        data["spec"]["list"].insert(0, {"name": "c"})

    def change_and_remove(data: dict[str, Any]) -> None:
        del data["spec"]["list"][1]
        data["spec"]["list"][0]["more"] = "text"

    old = ORIGINAL["spec"]["list"]  # type: ignore[index]
    assert changed(ORIGINAL, insert)["spec"]["list"] == [{"name": "c"}, *old]
    assert changed(ORIGINAL, change_and_remove)["spec"]["list"] == [{**old[0], "more": "text"}]


def test_elements_without_a_name_are_found_at_their_place() -> None:
    """`args: [secret, other]`: the first one changes and stays secret."""
    assert changed({"a": [secret("x"), "y"]}, lambda data: data["a"].__setitem__(0, "z")) == {"a": [secret("z"), "y"]}
    assert changed({"a": ["x", "y"]}, lambda data: data["a"].append(UNKNOWN)) == {"a": ["x", "y", marks.UNKNOWN_MARK]}


def test_what_is_removed_is_gone() -> None:
    """A key at the top and one below."""

    def remove(data: dict[str, Any]) -> None:
        del data["late"], data["spec"]["token"]

    assert changed(ORIGINAL, remove) == {"spec": {"list": ORIGINAL["spec"]["list"]}}  # type: ignore[index]


def test_equality_knows_unknown_and_tells_one_from_true() -> None:
    """UNKNOWN equals nothing in rules, but itself where two copies are compared."""
    assert plain.is_same({"a": [UNKNOWN]}, {"a": [UNKNOWN]})
    assert not plain.is_same(UNKNOWN, "x")
    assert not plain.is_same(1, True)
    assert not plain.is_same([1], [1, 2])
    assert not plain.is_same({"a": 1}, {"b": 1})
