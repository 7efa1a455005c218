"""One schema tried both ways: with texts that its grammar must accept and with texts that it must not."""

from __future__ import annotations

from typing import Any

from serve.grammar.gbnf import check
from serve.grammar.json_schema import to_gbnf
from tests.helpers.gbnf import Grammar

Cases = dict[str, tuple[Any, list[str], list[str]]]


def check_both_ways(schema: object, accepted: list[str], rejected: list[str]) -> None:
    """What is made also passes the check of users' grammars."""
    text = to_gbnf(schema)
    check(text)
    grammar = Grammar(text)
    assert [one for one in accepted if not grammar.accepts(one)] == []
    assert [one for one in rejected if grammar.accepts(one)] == []
