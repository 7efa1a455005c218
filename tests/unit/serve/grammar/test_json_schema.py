"""JSON Schema to GBNF, keyword by keyword: what fits is accepted, what does not is not, the rest is refused in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import check
from serve.grammar.json_schema import to_gbnf
from tests.helpers.gbnf import Grammar

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}, "nick": {"type": "string"}},
    "required": ["name"],
}
LIST = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
            "required": ["v", "next"],
            "additionalProperties": False,
        }
    },
    "$ref": "#/$defs/node",
}
CIRCLE = {"type": "object", "properties": {"kind": {"const": "circle"}, "r": {"type": "number"}}, "required": ["kind"]}
SQUARE = {"type": "object", "properties": {"kind": {"const": "square"}, "a": {"type": "number"}}, "required": ["kind"]}

# schema, texts that are accepted, texts that are not
CASES: dict[str, tuple[Any, list[str], list[str]]] = {
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
    "string": ({"type": "string"}, ['""', '"ü\\u00fc\\n\\"\\/"', '"\\ud83d\\ude00"'], ["a", '"\n"', '"\\x"', '"\\ud83d"']),
    "several types": ({"type": ["string", "null"]}, ['"a"', "null"], ["1"]),
    "integer beside number": ({"type": ["integer", "number"]}, ["1", "1.5"], ['"1"']),
    "nullable": ({"type": "string", "nullable": True}, ['"a"', "null"], ["1"]),
    "enum": ({"enum": ["red", "reddish", 1, None, {"a": [1]}]}, ['"red"', '"reddish"', "1", '{"a": [1]}'], ['"re"', "2"]),
    "enum filtered by what is beside it": ({"type": "string", "enum": ["a", 1], "not": {"const": "b"}}, ['"a"'], ["1"]),
    "const": ({"const": "42"}, ['"42"'], ["42", '"4"']),
    "empty constants": ({"enum": [[], {}, ""]}, ["[]", "{ }", '""'], ["[1]", '{"a":1}']),
    "constants with characters to escape": ({"const": 'a"b\\c\n\x01é'}, ['"a\\"b\\\\c\\n\\u0001é"'], ['"a"']),
    "properties in their order": (
        PERSON,
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
    "items": ({"type": "array", "items": {"type": "integer"}}, ["[]", "[1]", "[1, 2]", "[\n 1\n]"], ['["a"]', "[1 2]", "[1,]"]),
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
    "unique items of which there is one": ({"type": "array", "uniqueItems": True, "maxItems": 1}, ["[]", "[1]"], ["[1,2]"]),
    "length": ({"type": "string", "minLength": 2, "maxLength": 3}, ['"ab"', '"\\u00e9é"', '"\\ud83d\\ude00a"'], ['"a"', '"abcd"']),
    "great length": ({"type": "string", "maxLength": 2300}, ['"' + "a" * 2300 + '"', '""'], ['"' + "a" * 2301 + '"']),
    "many items": (
        {"items": {"const": 1}, "minItems": 1200, "maxItems": 2001},
        [json.dumps([1] * num) for num in (1200, 1999, 2001)],
        [json.dumps([1] * num) for num in (1199, 2002)],
    ),
    "pattern": ({"type": "string", "pattern": "^[a-c]+$"}, ['"abc"'], ['""', '"abd"', '"xabc"']),
    "pattern anywhere": ({"pattern": "b|^c"}, ['"abc"', '"b"', '"cx"'], ['"a"', '"xc"']),
    "pattern with characters to escape": ({"pattern": '^["\\\\]\n$'}, ['"\\"\\n"', '"\\\\\\n"'], ['"a\\n"']),
    "pattern and length": ({"pattern": "^x[a-z]*$", "maxLength": 3, "minLength": 2}, ['"xa"', '"xab"'], ['"x"', '"xabc"']),
    "date": ({"format": "date"}, ['"2024-02-29"', '"1999-12-31"'], ['"2023-02-29"', '"2024-13-01"', '"1900-02-29"']),
    "time": ({"format": "time"}, ['"23:59:59Z"', '"00:00:00.123+01:00"'], ['"24:00:00Z"', '"1:00:00Z"', '"10:00:00"']),
    "date-time": ({"format": "date-time"}, ['"2024-01-01T00:00:00Z"'], ['"2024-01-01"', '"2024-01-01 00:00:00Z"']),
    "uuid": ({"format": "uuid"}, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123e4567"']),
    "ipv4": ({"format": "ipv4"}, ['"192.168.0.255"'], ['"256.0.0.1"', '"1.2.3"', '"01.2.3.4"']),
    "email": ({"format": "email"}, ['"a.b@c.org"'], ['"a"', '"a@b"', '"a..b@c.org"']),
    "an unknown format says nothing": ({"type": "string", "format": "colour"}, ['"x"'], ["1"]),
    "integers between": ({"type": "integer", "minimum": -12, "maximum": 123}, ["-12", "0", "123", "99"], ["-13", "124", "1000"]),
    "integers above": ({"type": "integer", "exclusiveMinimum": 9}, ["10", "11", "99999"], ["9", "0", "-10"]),
    "integers below": ({"type": "integer", "exclusiveMaximum": -9}, ["-10", "-99999"], ["-9", "0", "10"]),
    "integers between fractions": ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, ["1", "2"], ["0", "3"]),
    "a share": (
        {"type": "number", "minimum": 0, "maximum": 1},
        ["0", "1", "0.25", "1.0", "0.999999"],
        ["1.1", "-0.1", "2", "1.000001", "1e0"],
    ),
    "numbers between": (
        {"type": "number", "exclusiveMinimum": -1.25, "exclusiveMaximum": 0.5},
        ["-1.249", "-1", "0", "0.4999", "-0.5"],
        ["-1.25", "0.5", "1", "-2", "-1.250"],
    ),
    "integers as multiples of one": ({"type": "integer", "multipleOf": 1}, ["3"], ["3.5"]),
    "anyOf": ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ['"a"', "1"], ["1.5", "null"]),
    "anyOf beside others": (
        {"type": "object", "properties": {"a": {"const": 1}, "b": {"const": 2}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
        ['{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
        ["{}"],
    ),
    "oneOf of types": ({"oneOf": [{"type": "string"}, {"type": "null"}]}, ['"a"', "null"], ["1"]),
    "oneOf by a constant": ({"oneOf": [CIRCLE, SQUARE]}, ['{"kind":"circle","r":1}', '{"kind":"square"}'], ['{"kind":"square","r":1}']),
    "oneOf by what is required": (
        {"type": "object", "oneOf": [{"properties": {"a": True}, "required": ["a"]}, {"properties": {"b": True}, "required": ["b"]}]},
        ['{"a":1}', '{"b":1}'],
        ['{"a":1,"b":1}', "{}"],
    ),
    "allOf": (
        {"allOf": [{"type": "integer"}, {"minimum": 3}, {"maximum": 5}]},
        ["3", "5"],
        ["2", "6", '"a"'],
    ),
    "allOf of objects": (
        {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"a": {"minimum": 3}, "b": {"const": 1}}}]},
        ['{"a":3}', '{"a":4,"b":1}'],
        ['{"a":2}', '{"b":1}', "{}"],
    ),
    "what is beside a reference holds": (
        {"$defs": {"s": {"type": "string"}}, "$ref": "#/$defs/s", "maxLength": 1},
        ['"a"', '""'],
        ['"ab"', "1"],
    ),
    "recursion": (LIST, ['{"v":1,"next":null}', '{"v":1,"next":{"v":2,"next":null}}'], ['{"v":1}', '{"v":1,"next":{}}']),
    "the root refers to itself": (
        {"type": "object", "properties": {"child": {"$ref": "#"}}},
        ["{}", '{"child":{"child":{}}}'],
        ['{"child":1}'],
    ),
    "references with escapes": ({"$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"const": 1}}}, ["1"], ["2"]),
    "a branch that nothing fits": ({"anyOf": [{"const": 1}, False, {"type": "string", "minLength": 3, "maxLength": 2}]}, ["1"], ['"abc"']),
    "an option that never ends": (
        {"anyOf": [{"$ref": "#/$defs/a"}, {"const": 1}], "$defs": {"a": {"required": ["a"], "properties": {"a": {"$ref": "#/$defs/a"}}}}},
        ["1"],
        ['{"a":1}', "{}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_grammar_accepts_what_fits_and_nothing_else(name: str) -> None:
    """For each keyword both ways; and what is made passes the check of users' grammars."""
    schema, accepted, rejected = CASES[name]
    text = to_gbnf(schema)
    check(text)
    grammar = Grammar(text)
    assert [one for one in accepted if not grammar.accepts(one)] == []
    assert [one for one in rejected if grammar.accepts(one)] == []


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
    "a circle through anyOf": ({"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"}, "refers to itself"),
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
        {"$defs": {"a": {"anyOf": [
            {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}, "b": {"const": 1}}},
            {"type": "object", "properties": {"x": {"$ref": "#/$defs/a"}, "c": {"const": 1}}},
        ]}}, "$ref": "#/$defs/a"},
        "begin alike",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_not_be_enforced_is_refused_in_words(name: str) -> None:
    """With the place in the schema, its value and what to do instead."""
    schema, message = REFUSED[name]
    with pytest.raises(GrammarError) as caught:
        to_gbnf(schema)
    assert message in str(caught.value)


HOSTILE: dict[str, Any] = {
    "deep": json.loads('{"items":' * 500 + "{}" + "}" * 500),
    "wide": {"enum": [str(num) for num in range(60_000)]},
    "a chain of references": {"$ref": "#/$defs/0", "$defs": {str(num): {"$ref": f"#/$defs/{num + 1}"} for num in range(3_000)}},
    "doubling references": {
        "$ref": "#/$defs/0",
        "$defs": {str(num): {"anyOf": [{"$ref": f"#/$defs/{num + 1}"}, {"$ref": f"#/$defs/{num + 1}", "minLength": num}]}
                  for num in range(60)} | {"60": {"type": "string"}},
    },
    "doubling objects": {
        "$ref": "#/$defs/0",
        "$defs": {str(num): {"anyOf": [{"required": ["a"], "properties": {"a": {"$ref": f"#/$defs/{num + 1}"}, "b": {}}},
                                       {"required": ["a"], "properties": {"a": {"$ref": f"#/$defs/{num + 1}"}, "c": {}}}]}
                  for num in range(60)} | {"60": {"type": "string"}},
    },
    "a pattern that backtracks": {"pattern": "^(a+)+$", "enum": ["a" * 2_000 + "b"]},
    "an ambiguous pattern": {"pattern": "^((a|aa){0,1000}){0,1000}$"},
    "a great bound": {"type": "integer", "minimum": -(10**4_000)},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_refused_or_made_into_something_bounded(name: str) -> None:
    """Either way in little time; the suite's time-out is the judge."""
    try:
        text = to_gbnf(HOSTILE[name])
    except GrammarError:
        return
    check(text)


def test_a_great_bound_of_integers_is_as_good_as_none() -> None:
    """Nobody writes 4,000 digits."""
    assert Grammar(to_gbnf({"type": "integer", "maximum": 10**4_000})).accepts("123")


def test_a_large_enum_is_a_tree() -> None:
    """llama.cpp keeps a stack per way to begin: thousands of values must not be thousands of beginnings."""
    text = to_gbnf({"enum": [f"value-{num}" for num in range(2_000)]})
    assert Grammar(text).accepts('"value-1999"')
    assert not Grammar(text).accepts('"value-2000"')
    assert text.count("value-") == 1
