"""Property paths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.paths import MISSING, Path, covers, look_up, parse, render, set_at, without

KEYS = st.text(min_size=1).filter(lambda key: "\\" not in key and not key.isspace())


@given(st.lists(KEYS | st.integers(0, 99), min_size=1, max_size=5).filter(lambda steps: isinstance(steps[0], str)))
def test_what_is_written_can_be_read(steps: list[str | int]) -> None:
    """Dots, quotes and brackets in keys included."""
    assert parse(render(tuple(steps))) == tuple("*" if step == "*" else step for step in steps)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("spec.template.spec.containers[0].image", ("spec", "template", "spec", "containers", 0, "image")),
        ('metadata.annotations["a.b/c"]', ("metadata", "annotations", "a.b/c")),
        ('["a.b"].c', ("a.b", "c")),
        ("spec.containers[*].env", ("spec", "containers", "*", "env")),
    ],
)
def test_paths_are_read_as_the_engine_writes_them(text: str, path: Path) -> None:
    """Keys, indices, quoted keys, wildcards."""
    assert parse(text) == path


@pytest.mark.parametrize("text", ["spec[", "spec..a", 'a["b', "a[x]"])
def test_what_is_no_path_is_an_error_that_quotes_it(text: str) -> None:
    """With the place where reading stopped."""
    with pytest.raises(InputError, match="can't be read from character"):
        parse(text)


def test_a_path_covers_itself_and_all_below_it() -> None:
    """Not what only begins with the same letters."""
    assert covers(("spec",), ("spec", "replicas"))
    assert covers(("spec", "*", "image"), ("spec", 3, "image"))
    assert not covers(("spec", "replicas"), ("spec",))
    assert not covers(("spec",), ("specification",))


def test_looking_up_tells_null_from_nothing() -> None:
    """And does not fail on the way."""
    value = {"a": [{"b": None}]}
    assert look_up(value, ("a", 0, "b")) is None
    assert look_up(value, ("a", 1)) is MISSING
    assert look_up(value, ("a", "b")) is MISSING
    assert look_up("text", (0,)) is MISSING


def test_setting_and_removing_leave_the_original_alone() -> None:
    """Copies, with what is not on the way shared."""
    value = {"a": {"b": 1, "c": 2}}
    assert set_at(value, ("a", "b"), 9) == {"a": {"b": 9, "c": 2}}
    assert set_at(value, ("d", "e"), 9) == {"a": {"b": 1, "c": 2}, "d": {"e": 9}}
    assert without(value, ("a", "b")) == {"a": {"c": 2}}
    assert without(value, ("x", "y")) == value
    assert value == {"a": {"b": 1, "c": 2}}
