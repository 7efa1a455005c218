"""The promise of constrained output, against jsonschema: what a grammar lets pass is valid."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serve.grammar.errors import GrammarError
from serve.grammar.fits import is_same
from serve.grammar.gbnf import check
from serve.grammar.json_schema import to_gbnf
from tests.helpers.gbnf import Grammar
from tests.unit.serve.grammar.schemas import VALUES, is_valid, schemas

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def made(schema: Any) -> Grammar | None:
    """The grammar, if there is one."""
    try:
        return Grammar(to_gbnf(schema))
    except GrammarError:
        return None


@QUIET
@given(schema=schemas(), seed=st.integers(0, 1000))
def test_every_text_of_a_grammar_is_valid(schema: Any, seed: int) -> None:
    """Whatever the combination of keywords: refused, or right."""
    grammar = made(schema)
    if grammar is not None:
        random = Random(seed)
        for _ in range(8):
            assert is_valid(json.loads(grammar.sample(random)), schema)


@QUIET
@given(schema=schemas(), value=VALUES)
def test_an_accepted_value_is_valid(schema: Any, value: Any) -> None:
    """Values that were not made from the grammar."""
    grammar = made(schema)
    if grammar is not None and grammar.accepts(json.dumps(value, ensure_ascii=False)):
        assert is_valid(value, schema)


@QUIET
@given(value=VALUES, other=VALUES)
def test_a_value_of_an_enum_is_accepted_as_it_is_usually_written(value: Any, other: Any) -> None:
    """Compact, with spaces and indented; another value is not."""
    grammar = Grammar(to_gbnf({"enum": [value]}))
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(value, indent=2)):
        assert grammar.accepts(text) or "\\u00" in text
    assert is_same(value, other) or not grammar.accepts(json.dumps(other, ensure_ascii=False))


@QUIET
@given(low=st.integers(-3000, 3000), high=st.integers(-3000, 3000), number=st.integers(-4000, 4000))
def test_integers_between_bounds_are_exactly_those(low: int, high: int, number: int) -> None:
    """Digit by digit, on both sides of zero."""
    grammar = made({"type": "integer", "minimum": low, "maximum": high})
    assert (grammar is not None and grammar.accepts(str(number))) == (low <= number <= high)


DECIMALS = st.decimals(-99, 99, places=3, allow_nan=False).map(float)


@QUIET
@given(low=DECIMALS, high=DECIMALS, number=DECIMALS, is_open=st.booleans())
def test_numbers_between_bounds_are_exactly_those(low: float, high: float, number: float, *, is_open: bool) -> None:
    """Fractions too, whether the bounds are part of it or not."""
    names = ("exclusiveMinimum", "exclusiveMaximum") if is_open else ("minimum", "maximum")
    grammar = made({"type": "number", names[0]: low, names[1]: high})
    is_inside = low < number < high if is_open else low <= number <= high
    assert (grammar is not None and grammar.accepts(repr(number))) == is_inside


@QUIET
@given(schema=schemas())
def test_what_is_made_passes_the_check_of_users_grammars(schema: Any) -> None:
    """A way to make a grammar that skips the check must not make worse ones."""
    try:
        text = to_gbnf(schema)
    except GrammarError:
        return
    check(text)
