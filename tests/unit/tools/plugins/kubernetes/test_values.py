"""Property values: unknown ones, secrets, and the way there and back."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.values import (
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_MARKS,
    Secret,
    for_state,
    from_struct,
    has_secret,
    has_unknown,
    mark_secrets,
    plain,
    to_struct,
)

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | inner.map(Secret),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(OBJECTS)
def test_what_goes_to_the_engine_comes_back_the_same(properties: dict[str, Any]) -> None:
    """Secrets, unknown values, whole numbers, empty lists and objects included."""
    assert from_struct(to_struct(properties)) == properties


@given(OBJECTS)
def test_plain_values_have_no_secrets_and_the_same_unknowns(properties: dict[str, Any]) -> None:
    """What goes to the API server carries no marks."""
    assert not has_secret(plain(properties))
    assert has_unknown(plain(properties)) == has_unknown(properties)


@given(OBJECTS)
def test_marking_with_its_own_secrets_loses_none_and_changes_no_value(properties: dict[str, Any]) -> None:
    """Every secret stays hidden; without the marks it is the same object."""
    marked = mark_secrets(plain(properties), properties)
    assert plain(marked) == plain(properties)
    assert has_secret(marked) == has_secret(properties)


@pytest.mark.parametrize("mark", sorted(UNKNOWN_MARKS))
def test_every_mark_of_the_engine_means_unknown(mark: str) -> None:
    """Whatever type the value will have."""
    struct = Struct()
    struct.update({"a": {"b": [mark]}})
    assert from_struct(struct) == {"a": {"b": [UNKNOWN]}}


def test_a_secret_shows_nothing_of_itself_when_printed() -> None:
    """A traceback must not give it away."""
    assert "hidden" not in repr({"a": Secret("hidden")})


def test_an_asset_is_refused() -> None:
    """Kubernetes takes no files."""
    struct = Struct()
    struct.update({"a": {SIGNATURE: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}})
    with pytest.raises(InputError, match="asset"):
        from_struct(struct)


def test_a_secret_on_the_wire_has_the_engines_mark() -> None:
    """Else the engine would keep it in clear."""
    fields = to_struct({"a": Secret("x")}).fields["a"].struct_value.fields
    assert (fields[SIGNATURE].string_value, fields["value"].string_value) == (SECRET, "x")


def test_only_the_secret_field_of_an_object_becomes_secret() -> None:
    """The rest of a Deployment stays readable."""
    ins = {"metadata": {"name": "a", "annotations": {"key": Secret("x")}}}
    outs = {"metadata": {"name": "a", "uid": "1", "annotations": {"key": "x", "other": "y"}}, "status": {}}
    assert mark_secrets(outs, ins) == {
        "metadata": {"name": "a", "uid": "1", "annotations": {"key": Secret("x"), "other": "y"}},
        "status": {},
    }


def test_a_list_with_a_secret_in_it_becomes_secret_as_a_whole() -> None:
    """Its order may differ between inputs and outputs."""
    assert mark_secrets({"env": ["b", "a"]}, {"env": ["a", Secret("b")]}) == {"env": Secret(["b", "a"])}


def test_the_data_of_a_secret_object_is_secret_whoever_wrote_it() -> None:
    """Also after an import, when there are no inputs; and its annotations as well, where they were secret."""
    outs = {"kind": "Secret", "data": {"a": "eA=="}, "metadata": {"annotations": {"b": "c"}}}
    marked = mark_secrets(outs, {"metadata": {"annotations": {"b": Secret("c")}}})
    assert marked["data"] == Secret({"a": "eA=="})
    assert marked["metadata"] == {"annotations": {"b": Secret("c")}}


def test_keys_that_sdks_can_not_spell_are_dashed_for_the_server_and_back_for_the_state() -> None:
    """At any depth."""
    ours = {"spec": [{"x_kubernetes_preserve_unknown_fields": True, "x_other": 1}]}
    theirs = {"spec": [{"x-kubernetes-preserve-unknown-fields": True, "x_other": 1}]}
    assert plain(ours) == theirs
    assert for_state(theirs) == ours
