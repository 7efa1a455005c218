"""JSON mode: the answer is one JSON object, whatever is in it."""

from __future__ import annotations

from functools import cache

from serve.grammar.gbnf import Rules
from serve.grammar.json_text import any_object


@cache
def to_gbnf() -> str:
    """The grammar of any JSON object. White space and digits are bounded, so that a model can't go on with them."""
    rules = Rules()
    return rules.text(any_object(rules))
