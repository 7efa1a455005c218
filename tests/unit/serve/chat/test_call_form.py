"""Tests of serve.chat.call_form: the pieces of grammars, against a simple matcher."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.chat.call_form import one_of_names, until
from serve.grammar.gbnf import Rules
from serve.grammar.nodes import Text
from tests.unit.serve.chat.matching import fits

TAGS = st.sampled_from(["</think>", "aab", "aba", "<<a", "a", "abab", "[/THINK]"])
NAMES = st.sampled_from(["get", "get_weather", "give", "x", "ü"])


@given(TAGS, st.text("abc</>[]tTHINK", max_size=14))
def test_until_takes_every_text_that_ends_with_the_first_tag(tag: str, text: str) -> None:
    """And no other: also where the tag's beginning comes again and again."""
    rules = Rules()
    grammar = rules.text(until(rules, tag))
    assert fits(grammar, text + tag) == ((text + tag).find(tag) == len(text))
    assert fits(grammar, text) == (text.endswith(tag) and text.find(tag) == len(text) - len(tag))


@given(
    st.sets(st.sampled_from(["get", "get_weather", "give", "x", "ü"]), min_size=1), st.text('getivwx_ü"!', max_size=8)
)
def test_a_tools_name_binds_what_follows_and_no_other_text_does(names: set[str], text: str) -> None:
    """Even if one name begins another."""
    rules = Rules()
    grammar = rules.text(one_of_names(rules, {name: Text("!") for name in names}))
    named = next((name for name in names if text.startswith(f'{name}"')), None)
    assert fits(grammar, text) == (named is None or text == f'{named}"!')
