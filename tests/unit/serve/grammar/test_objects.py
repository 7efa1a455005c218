"""JSON objects: which properties, in which order, how many."""

from __future__ import annotations

import pytest

from tests.unit.serve.grammar.both_ways import Cases, check_both_ways

# schema, texts that are accepted, texts that are not
CASES: Cases = {
    "properties in their order": (
        {
            "type": "object",
            "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "nick": {"type": "string"}},
            "required": ["name"],
        },
        ['{"name": "x"}', '{"name":"x","age":3}', '{"name":"x","nick":"y"}', '{\n  "name": "x",\n  "age": 3\n}'],
        ["{}", '{"age":3}', '{"age":3,"name":"x"}', '{"name":"x","other":1}', '{"name":"x",}', '{"name":1}'],
    ),
    "no required properties": ({"properties": {"a": {"const": 1}}}, ["{}", '{"a":1}'], ['{"a":2}', "1"]),
    "required without a declaration": ({"type": "object", "required": ["a"]}, ['{"a": [1]}'], ["{}"]),
    "any object": ({"type": "object"}, ["{}", '{"a": {"b": [1, "x", null]}}'], ["[]", '{"a"}']),
    "additional properties": (
        {"properties": {"ab": {"const": 1}}, "additionalProperties": {"type": "boolean"}},
        ['{"ab":1}', '{"a":true,"abc":false}', '{"ab":1,"b":true}', "{}"],
        ['{"ab":true}', '{"b":1}', '{"b":true,"ab":1}', '{"\\u0061b":true}'],
    ),
    "no additional properties": ({"properties": {}, "additionalProperties": False}, ["{}"], ['{"a":1}']),
    "a map": ({"type": "object", "additionalProperties": {"type": "integer"}}, ["{}", '{"a":1,"b":2}'], ['{"a":"x"}']),
    "a property that is forbidden": ({"properties": {"a": False, "b": {"const": 1}}}, ['{"b":1}'], ['{"a":1}']),
    "one pattern for names": (
        {"type": "object", "patternProperties": {"^x-[a-z]+$": {"type": "integer"}}, "additionalProperties": False},
        ['{"x-a":1}', "{}", '{"x-a":1,"x-b":2}'],
        ['{"y":1}', '{"x-a":"b"}'],
    ),
    "names of a map": (
        {"type": "object", "propertyNames": {"enum": ["a", "b"]}, "additionalProperties": {"const": 1}},
        ['{"a":1}', '{"b":1,"a":1}'],
        ['{"c":1}'],
    ),
    "at least so many properties": (
        {"properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}}, "minProperties": 2},
        ['{"a":1,"b":2}', '{"b":2,"c":3}', '{"a":1,"b":2,"c":3}'],
        ["{}", '{"a":1}', '{"c":3}'],
    ),
    "at most so many properties": (
        {"properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}}, "maxProperties": 1},
        ["{}", '{"a":1}', '{"c":3}'],
        ['{"a":1,"b":2}'],
    ),
    "a map of limited size": (
        {"type": "object", "additionalProperties": {"const": 1}, "maxProperties": 2, "minProperties": 1},
        ['{"a":1}', '{"a":1,"b":1}'],
        ["{}", '{"a":1,"b":1,"c":1}'],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_grammar_of_objects_accepts_what_fits_and_nothing_else(name: str) -> None:
    """Keyword by keyword."""
    check_both_ways(*CASES[name])
