"""Regular expressions as grammars of whole texts, and what is refused by its name."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import check
from serve.grammar.matching import does_match
from serve.grammar.regex import searched, to_gbnf
from tests.helpers.gbnf import Grammar

CASES: dict[str, tuple[list[str], list[str]]] = {
    "abc": (["abc"], ["", "ab", "abcd", "xabc"]),
    "^abc$": (["abc"], ["abcd"]),
    "^a$|b": (["a", "b"], ["ab"]),
    "a.c": (["abc", "aüc"], ["a\nc", "ac"]),
    "[a-c_-]+": (["a-_b"], ["d", ""]),
    "[^a-c]": (["d", "ü"], ["a", ""]),
    r"[\d.]{1,3}": (["1.2"], ["1.23", "x"]),
    r"\w\W\s\S\D": (["a- xx"], ["a- x1", "--  x"]),
    r"\t\n\x41\u00e9\u{1F600}\.\/": (["\t\nAé😀./"], ["x"]),
    "(ab|c)*d?": (["", "abcab", "cd"], ["a", "dd"]),
    "(?:a|(?<name>b)|(?P<other>c)){2}": (["ab", "cc"], ["a", "abc"]),
    "a*?b+?": (["b", "aabb"], ["a"]),
    "a{2}b{1,}c{0,2}": (["aab", "aabbcc"], ["ab", "aabccc"]),
    "(a?b*)*": (["", "abba"], ["c"]),
    "(a*){2,3}": (["", "aaaaa"], ["b"]),
    "x{": (["x{"], ["x"]),
    "": ([""], ["a"]),
    "a{0}b": (["b"], ["ab"]),
}


@pytest.mark.parametrize("pattern", CASES)
def test_a_pattern_takes_its_whole_texts_only(pattern: str) -> None:
    """From the first character to the last, with or without anchors."""
    accepted, rejected = CASES[pattern]
    text = to_gbnf(pattern)
    check(text)
    grammar = Grammar(text)
    assert [one for one in accepted if not grammar.accepts(one)] == []
    assert [one for one in rejected if grammar.accepts(one)] == []


REFUSED = {
    "a(?=b)": "look-ahead (?=",
    "(?!b)a": "look-ahead (?!",
    "(?<=b)a": "look-behind (?<=",
    "(?<!b)a": "look-behind (?<!",
    "(?>a)": "an atomic group",
    "(?i)a": "flags",
    r"(a)\1": r"the back-reference \1",
    r"(?P<x>a)(?P=x)": "a back-reference (?P=",
    "a++": "a possessive quantifier",
    "a**": "two quantifiers in a row",
    r"\bword": r"the escape \b",
    r"\p{L}": r"the escape \p",
    "a^b": "the anchor '^' in the middle",
    "(a$)": "the anchor '$' in the middle",
    "*a": "nothing before it to repeat",
    "(a": "a '(' without its ')'",
    "a)": "a ')' without its '('",
    "[a": "a '[' without its ']'",
    "[]a]": "an empty class",
    "[[:alpha:]]": "a POSIX class",
    "[z-a]": "upside down",
    "a{3,2}": "the smaller number first",
    "a{9999999}": "at most 1000000",
    r"\uD800": "no character of Unicode",
    "(" * 60 + "a" + ")" * 60: "more than 50 groups",
    "a" * 6_000: "at most 5000 are allowed",
    "((a|aa){0,1000}){0,1000}": "too ambiguous",
    r"[^\u0000-\uffff\u{10000}-\u{10FFFF}]": "no answer of finite length",
}


@pytest.mark.parametrize("pattern", REFUSED, ids=lambda pattern: pattern[:20])
def test_what_a_grammar_can_not_say_is_refused_by_its_name(pattern: str) -> None:
    """Never taken for something else."""
    with pytest.raises(GrammarError) as caught:
        to_gbnf(pattern)
    assert REFUSED[pattern] in str(caught.value)


PIECES = st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "(a|b)", "(ab)?", "a*", "(a|ab)+", "b{1,2}", "(a*b?)*", "|"])
TEXTS = st.text(alphabet="abc", max_size=6)


@given(pieces=st.lists(PIECES, max_size=5), text=TEXTS)
def test_patterns_mean_what_they_mean_to_python(pieces: list[str], text: str) -> None:
    """As a whole, and somewhere in a text as JSON Schema searches."""
    pattern = "".join(pieces)
    assert Grammar(to_gbnf(pattern)).accepts(text) == bool(re.fullmatch(pattern, text))
    assert does_match(searched(pattern), text) == bool(re.search(pattern, text))
    assert does_match(searched(f"^(?:{pattern})$"), text) == bool(re.fullmatch(pattern, text))
