"""JSON arrays: items by place, the rest, how many."""

from __future__ import annotations

import json

import pytest

from tests.unit.serve.grammar.both_ways import Cases, check_both_ways

# schema, texts that are accepted, texts that are not
CASES: Cases = {
    "items": (
        {"type": "array", "items": {"type": "integer"}},
        ["[]", "[1]", "[1, 2]", "[\n 1\n]"],
        ['["a"]', "[1 2]", "[1,]"],
    ),
    "number of items": (
        {"type": "array", "items": {"const": 1}, "minItems": 2, "maxItems": 3},
        ["[1,1]", "[1,1,1]"],
        ["[]", "[1]", "[1,1,1,1]"],
    ),
    "no items": ({"type": "array", "maxItems": 0}, ["[]", "[ ]"], ["[1]"]),
    "a tuple": (
        {"prefixItems": [{"const": 1}, {"const": 2}], "minItems": 1},
        ["[1]", "[1,2]"],
        ["[]", "[2]", "[1,2,3]", "[1,1]"],
    ),
    "a tuple with more": (
        {"prefixItems": [{"const": 1}], "items": {"const": 2}, "minItems": 2},
        ["[1,2]", "[1,2,2]"],
        ["[1]", "[1,1]", "[2,2]"],
    ),
    "draft 7's tuple": (
        {"items": [{"const": 1}], "additionalItems": {"const": 2}},
        ["[]", "[1]", "[1,2,2]"],
        ["[2]", "[1,1]"],
    ),
    "nothing after the tuple": ({"prefixItems": [{"const": 1}], "items": False}, ["[]", "[1]"], ["[1,1]"]),
    "unique items of which there is one": (
        {"type": "array", "uniqueItems": True, "maxItems": 1},
        ["[]", "[1]"],
        ["[1,2]"],
    ),
    "many items": (
        {"items": {"const": 1}, "minItems": 1200, "maxItems": 2001},
        [json.dumps([1] * 1200), json.dumps([1] * 1999), json.dumps([1] * 2001)],
        [json.dumps([1] * 1199), json.dumps([1] * 2002)],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_grammar_of_arrays_accepts_what_fits_and_nothing_else(name: str) -> None:
    """Keyword by keyword."""
    check_both_ways(*CASES[name])
