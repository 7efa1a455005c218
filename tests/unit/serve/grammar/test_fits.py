"""Values against schemas: the same verdicts as jsonschema's, or a refusal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from serve.grammar.errors import GrammarError
from serve.grammar.fits import Fitting, is_same
from serve.grammar.schema import Document
from tests.unit.serve.grammar.schemas import VALUES, is_valid, schemas


def does_fit(value: Any, schema: Any) -> bool:
    """The verdict on one value."""
    document = Document(schema)
    return Fitting(document).does_fit(value, document.root)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=schemas(), value=VALUES)
def test_the_verdict_is_that_of_jsonschema(schema: Any, value: Any) -> None:
    """For random schemas and values."""
    try:
        verdict = does_fit(value, schema)
    except (GrammarError, RecursionError):
        return
    assert verdict == is_valid(value, schema)


@pytest.mark.parametrize(
    ("schema", "fitting", "other"),
    [
        ({"uniqueItems": True}, [1, True, "1"], [1, 1.0]),
        ({"uniqueItems": False}, [1, 1], None),
        ({"contains": True}, [1], []),
        ({"contains": {"const": 1}, "minContains": 2, "maxContains": 2}, [1, 1, 2], [1, 2]),
        ({"not": {"type": "string"}}, 1, "a"),
        ({"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"const": 1}}, "ab", 2),
        ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, 1, 3),
        ({"multipleOf": 3}, 9, 10),
        ({"type": "object", "propertyNames": {"pattern": "^a"}}, {"ab": 1}, {"b": 1}),
        ({"patternProperties": {"^a": {"const": 1}}, "additionalProperties": {"const": 2}}, {"a": 1, "b": 2}, {"a": 2}),
    ],
)
def test_keywords_that_no_grammar_can_express_are_checked(schema: Any, fitting: Any, other: Any) -> None:
    """They filter the values of an enum."""
    assert does_fit(fitting, schema)
    assert other is None or not does_fit(other, schema)


def test_true_is_not_one() -> None:
    """Python's equality is not JSON's."""
    assert is_same([1, {"a": 2.0}], [1.0, {"a": 2}])
    assert not is_same([1], [True])
    assert not is_same({"a": 0}, {"a": False})
