"""JSON Schema to GBNF as a whole: types, choices, references; what can't be enforced, and what is sent to break it."""

from __future__ import annotations

from typing import Any

import pytest

from serve.grammar.errors import GrammarError
from serve.grammar.json_schema import to_gbnf
from tests.helpers.gbnf import Grammar
from tests.unit.serve.grammar.both_ways import Cases, check_both_ways

# schema, texts that are accepted, texts that are not
CASES: Cases = {
    "true is any value": (True, ["1", '"a"', "[]", '{"a": [null]}'], ["", "nul", "[1,]"]),
    "annotations change nothing": (
        {"$schema": "x", "$id": "y", "title": "t", "description": "d", "default": 1, "examples": [1], "$comment": "c"},
        ["1", "{}"],
        ["a"],
    ),
    "null": ({"type": "null"}, ["null"], ["0", '""']),
    "boolean": ({"type": "boolean"}, ["true", "false"], ["1", "True"]),
    "integer": ({"type": "integer"}, ["0", "-7", "1234567890123456"], ["01", "1.5", "12345678901234567", "--1", "1e3"]),
    "number": ({"type": "number"}, ["0", "-0.5", "1e5", "2.5E-10"], [".5", "1.", "1e999", "+1"]),
    "string": (
        {"type": "string"},
        ['""', '"ü\\u00fc\\n\\"\\/"', '"\\ud83d\\ude00"'],
        ["a", '"\n"', '"\\x"', '"\\ud83d"'],
    ),
    "several types": ({"type": ["string", "null"]}, ['"a"', "null"], ["1"]),
    "integer beside number": ({"type": ["integer", "number"]}, ["1", "1.5"], ['"1"']),
    "nullable": ({"type": "string", "nullable": True}, ['"a"', "null"], ["1"]),
    "enum": (
        {"enum": ["red", "reddish", 1, None, {"a": [1]}]},
        ['"red"', '"reddish"', "1", '{"a": [1]}'],
        ['"re"', "2"],
    ),
    "enum filtered by what is beside it": ({"type": "string", "enum": ["a", 1], "not": {"const": "b"}}, ['"a"'], ["1"]),
    "const": ({"const": "42"}, ['"42"'], ["42", '"4"']),
    "empty constants": ({"enum": [[], {}, ""]}, ["[]", "{ }", '""'], ["[1]", '{"a":1}']),
    "constants with characters to escape": ({"const": 'a"b\\c\n\x01é'}, ['"a\\"b\\\\c\\n\\u0001é"'], ['"a"']),
    "anyOf": ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ['"a"', "1"], ["1.5", "null"]),
    "anyOf beside others": (
        {
            "type": "object",
            "properties": {"a": {"const": 1}, "b": {"const": 2}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
        ['{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
        ["{}"],
    ),
    "oneOf of types": ({"oneOf": [{"type": "string"}, {"type": "null"}]}, ['"a"', "null"], ["1"]),
    "oneOf by a constant": (
        {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}},
                    "required": ["kind"],
                },
                {
                    "type": "object",
                    "properties": {"kind": {"const": "square"}, "a": {"type": "number"}},
                    "required": ["kind"],
                },
            ]
        },
        ['{"kind":"circle","r":1}', '{"kind":"square"}'],
        ['{"kind":"square","r":1}'],
    ),
    "oneOf by what is required": (
        {
            "type": "object",
            "oneOf": [{"properties": {"a": True}, "required": ["a"]}, {"properties": {"b": True}, "required": ["b"]}],
        },
        ['{"a":1}', '{"b":1}'],
        ['{"a":1,"b":1}', "{}"],
    ),
    "allOf": ({"allOf": [{"type": "integer"}, {"minimum": 3}, {"maximum": 5}]}, ["3", "5"], ["2", "6", '"a"']),
    "allOf of objects": (
        {
            "allOf": [
                {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                {"properties": {"a": {"minimum": 3}, "b": {"const": 1}}},
            ]
        },
        ['{"a":3}', '{"a":4,"b":1}'],
        ['{"a":2}', '{"b":1}', "{}"],
    ),
    "what is beside a reference holds": (
        {"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s", "maxLength": 1},
        ['"a"', '""'],
        ['"ab"', "1"],
    ),
    "recursion": (
        {
            "$defs": {
                "node": {
                    "type": "object",
                    "properties": {
                        "v": {"type": "integer"},
                        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    },
                    "required": ["v", "next"],
                    "additionalProperties": False,
                }
            },
            "$ref": "#/$defs/node",
        },
        ['{"v":1,"next":null}', '{"v":1,"next":{"v":2,"next":null}}'],
        ['{"v":1}', '{"v":1,"next":{}}'],
    ),
    "the root refers to itself": (
        {"type": "object", "properties": {"child": {"$ref": "#"}}},
        ["{}", '{"child":{"child":{}}}'],
        ['{"child":1}'],
    ),
    "references with escapes": ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 1}}}, ["1"], ["2"]),
    "a branch that nothing fits": (
        {"anyOf": [{"const": 1}, False, {"type": "string", "minLength": 3, "maxLength": 2}]},
        ["1"],
        ['"abc"'],
    ),
    "an option that never ends": (
        {
            "anyOf": [{"$ref": "#/$defs/a"}, {"const": 1}],
            "$defs": {"a": {"required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}},
        },
        ["1"],
        ['{"a":1}', "{}"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_grammar_accepts_what_fits_and_nothing_else(name: str) -> None:
    """Types, choices and references, each both ways."""
    check_both_ways(*CASES[name])


REFUSED: dict[str, tuple[Any, str]] = {
    "no schema": (123, "# is 123: a schema must be an object, true or false"),
    "an unknown type": ({"type": "hiccup"}, "#/type is 'hiccup': allowed are null"),
    "a type that is no name": ({"properties": {"a": {"type": 123}}}, "#/properties/a/type is 123"),
    "not": ({"not": {"type": "null"}}, "#/not is"),
    "if": ({"if": {"const": 1}, "then": {"const": 2}}, "#/if is"),
    "dependentSchemas": ({"dependentSchemas": {"a": {}}}, "#/dependentSchemas"),
    "dependentRequired": ({"dependentRequired": {"a": ["b"]}}, "#/dependentRequired"),
    "contains": ({"type": "array", "contains": {"const": 1}}, "#/contains is"),
    "uniqueItems": ({"type": "array", "uniqueItems": True}, "#/uniqueItems is True"),
    "multipleOf": ({"type": "number", "multipleOf": 0.01}, "#/multipleOf is 0.01"),
    "unevaluatedProperties": ({"type": "object", "unevaluatedProperties": False}, "use additionalProperties"),
    "a remote reference": ({"$ref": "https://example.org/x"}, "only references into the same schema"),
    "a reference to nothing": ({"$ref": "#/$defs/a"}, "there is nothing at that place"),
    "a reference in a circle": ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, "refers to itself"),
    "a circle through anyOf": (
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
        "refers to itself",
    ),
    "references beside inner ids": ({"$defs": {"a": {"$id": "b"}}, "$ref": "#/$defs/a"}, "an $id of their own"),
    "oneOf that may overlap": ({"oneOf": [{"type": "string"}, {"minLength": 2}]}, "branches 0 and 1 may both fit"),
    "nothing fits": (False, "no answer of finite length fits"),
    "never ends": ({"required": ["a"], "properties": {"a": {"$ref": "#"}}}, "no answer of finite length fits"),
    "an empty enum": ({"enum": []}, "no answer of finite length fits"),
    "a length below 0": ({"type": "string", "minLength": -1}, "#/minLength is -1: it must be an integer of at least 0"),
    "draft 4's exclusiveMinimum": ({"type": "integer", "exclusiveMinimum": True}, "it must be a number"),
    "a pattern that looks around": ({"pattern": "a(?=b)"}, "#/pattern: the pattern 'a(?=b)' has look-ahead"),
    "a length that a pattern can't take": ({"pattern": "a+b+", "maxLength": 3}, "put the length into the pattern"),
    "two patterns": ({"allOf": [{"pattern": "a"}, {"pattern": "b"}]}, "it can't be combined with"),
    "several patterns for names": ({"patternProperties": {"a": {}, "b": {}}}, "only one pattern"),
    "more entries than can be counted": ({"type": "object", "minProperties": 2}, "minProperties"),
    "branches that begin alike and nest": (
        {
            "$defs": {
                "a": {
                    "anyOf": [
                        {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}, "b": {"const": 1}}},
                        {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}, "c": {"const": 1}}},
                    ]
                }
            },
            "$ref": "#/$defs/a",
        },
        "begin alike",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_enforced_is_refused_in_words(name: str) -> None:
    """With the place in the schema, its value and what to do instead."""
    schema, message = REFUSED[name]
    with pytest.raises(GrammarError) as caught:
        to_gbnf(schema)
    assert message in str(caught.value)


def test_a_great_bound_of_integers_is_as_good_as_none() -> None:
    """Nobody writes 4,000 digits."""
    assert Grammar(to_gbnf({"type": "integer", "maximum": 10**4_000})).accepts("123")


def test_a_large_enum_is_a_tree() -> None:
    """llama.cpp keeps a stack per way to begin: thousands of values must not be thousands of beginnings."""
    text = to_gbnf({"enum": [f"value-{num}" for num in range(2_000)]})
    assert Grammar(text).accepts('"value-1999"')
    assert not Grammar(text).accepts('"value-2000"')
    assert text.count("value-") == 1
