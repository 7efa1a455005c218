"""JSON mode: any object, nothing else, and nothing in which a model can go on for ever without saying anything."""

from __future__ import annotations

import json
from random import Random

import pytest

from serve.grammar.gbnf import check
from serve.grammar.json_mode import to_gbnf
from tests.helpers.gbnf import Grammar


@pytest.mark.parametrize(
    "text", ["{}", '{"a": [1, -2.5e3, true, null, {"b": "ü\\n"}]}', '{\n  "a": {\n    "b": []\n  }\n}']
)
def test_objects_are_accepted_as_they_are_usually_written(text: str) -> None:
    """Compact, with spaces, indented."""
    assert Grammar(to_gbnf()).accepts(text)


@pytest.mark.parametrize(
    "text", ["", "[]", '"a"', "1", '{"a":1', " {}", "{} ", '{"a":  1}', '{"a":' + "1" * 40 + "}", "{" + " " * 30 + "}"]
)
def test_other_values_and_endless_spaces_or_digits_are_not(text: str) -> None:
    """The answer begins with its brace and ends with it."""
    assert not Grammar(to_gbnf()).accepts(text)


def test_what_it_makes_is_json_and_passes_the_check() -> None:
    """Random texts of the grammar parse as objects."""
    check(to_gbnf())
    grammar, random = Grammar(to_gbnf()), Random(7)
    assert all(isinstance(json.loads(grammar.sample(random)), dict) for _ in range(100))
