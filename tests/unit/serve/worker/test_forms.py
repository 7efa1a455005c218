"""Tests of serve.worker.forms. What each kind becomes is tested with the prompts."""

from __future__ import annotations

import pytest

from serve.chat.types import FormKind, ResponseFormat
from serve.engine.errors import RefusedError
from serve.engine.types import FailureKind
from serve.worker.forms import to_gbnf, without_regex


def test_nothing_asked_is_no_grammar() -> None:
    """Free text."""
    assert to_gbnf(ResponseFormat()) is None


def test_a_clients_own_grammar_is_checked_and_kept() -> None:
    """llama.cpp would crash on some."""
    assert to_gbnf(ResponseFormat(FormKind.GRAMMAR, 'root ::= "a"')) == 'root ::= "a"'
    with pytest.raises(RefusedError) as caught:
        to_gbnf(ResponseFormat(FormKind.GRAMMAR, "root ::= root"))
    assert caught.value.kind is FailureKind.BAD_GRAMMAR


def test_a_regular_expression_is_a_grammar_where_they_are_not_known() -> None:
    """Everything else stays."""
    assert without_regex(ResponseFormat(FormKind.REGEX, "a")).kind is FormKind.GRAMMAR
    assert without_regex(ResponseFormat(FormKind.JSON)) == ResponseFormat(FormKind.JSON)


@pytest.mark.parametrize("source", ["{", "[" * 100_000])
def test_a_schema_that_is_no_json_is_refused(source: str) -> None:
    """Also one that nests too deeply to be read."""
    with pytest.raises(RefusedError, match="the schema"):
        to_gbnf(ResponseFormat(FormKind.SCHEMA, source))
