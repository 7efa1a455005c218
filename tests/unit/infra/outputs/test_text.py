"""Values as YAML."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.outputs.text import MARK, dump, header

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@settings(deadline=None)
@given(VALUES)
def test_every_value_comes_back(value: object) -> None:
    """Whatever text is in it: numbers in quotes, braces, line ends, words that YAML takes for others."""
    assert yaml.safe_load(dump(value)) == value


def test_several_lines_are_a_block() -> None:
    """As a person would write them."""
    assert dump({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


def test_the_same_value_twice_is_written_twice() -> None:
    """Anchors are for machines."""
    shared = {"a": 1}
    assert dump({"x": shared, "y": shared}) == "x:\n  a: 1\ny:\n  a: 1\n"


def test_a_header_is_known_by_its_first_line() -> None:
    """And names what to change in place of the file."""
    assert header("yaml", "prod").startswith(MARK)
    assert all(line.startswith("# ") for line in header("yaml", "prod").splitlines())
