"""What tells the branches of oneOf apart, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from serve.grammar.disjoint import Disjoint
from serve.grammar.fits import Fitting
from serve.grammar.schema import Document


def tagged(value: str) -> dict[str, Any]:
    """An object with a constant that says what it is."""
    return {"type": "object", "properties": {"kind": {"const": value}}, "required": ["kind"]}


APART: list[tuple[Any, Any]] = [
    ({"type": "string"}, {"type": "integer"}),
    ({"const": 1}, {"const": 2}),
    ({"enum": ["a", "b"]}, {"type": "integer"}),
    ({"enum": ["a", 1]}, {"type": "string", "minLength": 2}),
    ({"type": "integer", "maximum": 3}, {"type": "number", "exclusiveMinimum": 3}),
    ({"type": "string", "maxLength": 2}, {"type": "string", "minLength": 3}),
    ({"type": "array", "maxItems": 1}, {"type": "array", "minItems": 2}),
    (tagged("a"), tagged("b")),
    ({"type": "object", "properties": {"a": {}}, "additionalProperties": False}, {"type": "object", "required": ["b"]}),
    ({"anyOf": [tagged("a"), tagged("b")]}, tagged("c")),
    (False, True),
]
TOGETHER: list[tuple[Any, Any]] = [
    ({"type": "integer"}, {"type": "number"}),
    ({"type": "string"}, {"minLength": 3}),
    ({"const": 1}, {"const": 1.0}),
    ({"enum": ["a", "b"]}, {"enum": ["b", "c"]}),
    ({"type": "integer", "maximum": 3}, {"type": "integer", "minimum": 3}),
    (tagged("a"), tagged("a")),
    ({"properties": {"kind": {"const": "a"}}}, {"properties": {"kind": {"const": "b"}}}),
    ({"type": "object", "required": ["a"]}, {"type": "object", "required": ["b"]}),
    ({"anyOf": [tagged("a"), tagged("b")]}, tagged("b")),
    (True, {"type": "null"}),
]


def are_disjoint(one: Any, other: Any) -> bool:
    """The verdict on two schemas of one document."""
    document = Document({"oneOf": [one, other]})
    subs = document.open([document.root])
    assert subs is not None
    return Disjoint(document, Fitting(document)).are_disjoint(subs[0].sub("oneOf", 0), subs[0].sub("oneOf", 1))


@pytest.mark.parametrize(("one", "other"), APART)
def test_schemas_that_exclude_each_other_are_shown_to(one: Any, other: Any) -> None:
    """From both sides."""
    assert are_disjoint(one, other)
    assert are_disjoint(other, one)


@pytest.mark.parametrize(("one", "other"), TOGETHER)
def test_schemas_that_one_value_can_fit_are_not(one: Any, other: Any) -> None:
    """A wrong proof would let an invalid answer pass."""
    assert not are_disjoint(one, other)
    assert not are_disjoint(other, one)
