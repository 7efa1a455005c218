"""Users' grammars: what llama.cpp can take passes, what it would die of, hang on or misread does not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.grammar.errors import GrammarError
from serve.grammar.gbnf import Rules, check
from serve.grammar.nodes import Text, alt, chars, repeat, seq
from tests.helpers.gbnf import Grammar

GOOD = {
    "a literal": 'root ::= "a"',
    "comments and lines": '# one\nroot ::= "a" | # two\n  b\n\nb ::= (\n "b"\n | [c-e\\x41\\]]+ )\r\n',
    "arithmetic": 'root ::= (expr "=" ws num "\\n")+\nexpr ::= term ([-+*/] term)*\n'
    'term ::= num | "(" ws expr ")" ws\nnum ::= [0-9]+ ws\nws ::= [ \\t\\n]*\n',
    "JSON": "root ::= value\nvalue ::= object | array | string\n"
    'object ::= "{" (string ":" value ("," string ":" value)*)? "}"\n'
    'array ::= "[" (value ("," value)*)? "]"\nstring ::= "\\"" [^"]* "\\""\n',
    "keywords that begin alike": 'root ::= s\ns ::= "while" "(" s ")" | "when" "(" s ")" | "x"',
    "optional keys in a row": 'root ::= "{" a "}"\n'
    + "".join(f'a{"a" * num} ::= ("," ws "k{num}" )? a{"a" * (num + 1)}\n' for num in range(20))
    + f'a{"a" * 20} ::= ""\nws ::= " "?\n',
    "a rule that calls itself at its end": 'root ::= "x" root | "y" root | "x"',
    "large counts": 'root ::= [a-z]{0,2000} "b"{3,}',
    "any character": "root ::= .+",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_usual_grammar_passes(name: str) -> None:
    """In the forms that people and llama.cpp's own tools write."""
    check(GOOD[name])


CHAIN = "root ::= r0\n" + "".join(f"r{num} ::= r{num + 1}\n" for num in range(5_000)) + 'r5000 ::= "a"'
WAYS = "root ::= r0\n" + "".join(f'r{num} ::= r{num + 1} "x" | r{num + 1} "y"\n' for num in range(30)) + 'r30 ::= "a"'
PARALLEL = 'root ::= "x" r0\n' + "".join(
    f'r{num} ::= "x" r{num + 1} "a" | "x" r{num + 1} "b"\n' for num in range(30)
) + 'r30 ::= "a"'  # fmt: skip

BAD = {
    "": "no rule 'root'",
    'start ::= "a"': "no rule 'root'",
    "root ::= a": "refers to 'a', which is not defined",
    'root ::= "a"\nroot ::= "b"': "defines the rule 'root' twice",
    'root ::= "a': "the end of a literal or class",
    "root ::= [a": "the end of a literal or class",
    "root ::= []": "a character class that is not empty",
    "root ::= [z-a]": "upside down",
    'root ::= ("a"': "')'",
    'root ::= "a")': "the end of the line",
    'root = "a"': "'::='",
    "root ::= *": "the end of the line",
    'root ::= ""*': "something before a repetition",
    r'root ::= "\q"': "one of the escapes",
    r'root ::= "\uD800"': "a character of Unicode",
    r'root ::= "\x00"': "without NUL",
    'root ::= "a"\0': "a NUL",
    'root ::= "a"{5,3}': "the smaller number first",
    'root ::= "a"{2001}': "at most 2000",
    'root ::= "a"{0,99999999999999999999999}': "at most 2000",
    'root ::= "a"{x}': "a repetition like",
    'root ::= (("a" "b"?){0,50}){50}': "llama.cpp's 2000",
    'root ::= "a" <think>': "elements that name tokens",
    'root ::= "a" !<[5]>': "elements that name tokens",
    "root ::= " + "(" * 3_000 + '"a"' + ")" * 3_000: "more than 100 brackets",
    'root ::= "a"' + " " * 300_000: "at most 200000",
    'root ::= "' + "x" * 1_000 + '"{0,2000}': "repetitions written out",
    'root ::= root "a" | "b"': "left recursion",
    'root ::= a root "x" | "y"\na ::= b\nb ::= "" | "c"': "left recursion",
    'root ::= ("a"?)*': "repeats without end what may be empty",
    'root ::= "a" root': "never come to an end",
    'root ::= "a" x\nx ::= y x\ny ::= z\nz ::= ""': "never come to an end",
    'root ::= s\ns ::= "x" s "a" | "x" s "b" | "x"': "alternatives that begin alike",
    'root ::= s\ns ::= "x" s? "a"? s? "b"?': "optional parts that begin alike",
    CHAIN: "nests more than 4000 rules",
    WAYS: "at most 4000 are allowed",
    PARALLEL: "too ambiguous",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:40])
def test_a_grammar_that_llama_cpp_can_not_take_safely_is_refused(text: str) -> None:
    """Crashes, endless loops, exhausted memory and silent misreadings, each with its reason."""
    with pytest.raises(GrammarError) as caught:
        check(text)
    assert BAD[text] in str(caught.value)


@given(text=st.text(alphabet='rot:=ab"[](){}*+?|.-^\\x01,\n #', max_size=40))
def test_any_text_is_a_grammar_or_an_error_in_words(text: str) -> None:
    """Nothing else comes out of the parser."""
    for one in (text, f"root ::= {text}"):
        with contextlib.suppress(GrammarError):
            check(one)


@given(least=st.integers(0, 1_200), more=st.none() | st.integers(0, 1_200), num=st.integers(0, 2_500))
def test_counts_hold_whatever_their_size(least: int, more: int | None, num: int) -> None:
    """llama.cpp would forget a maximum above 2,000; blocks do not."""
    rules = Rules()
    most = None if more is None else least + more
    grammar = Grammar(rules.text(seq(rules.repeat(chars("a"), least, most), "b")))
    assert grammar.accepts("a" * num + "b") == (least <= num and (most is None or num <= most))


def test_every_character_survives_being_written() -> None:
    """Quotes, brackets, controls and characters beyond the first plane, in texts and in classes."""
    odd = '"\\[]^-\n\r\t\x01\x7f\x85é\u2028\ufeff😀'
    for node in (Text(odd), repeat(chars(odd), len(odd), len(odd)), seq(*odd), alt([Text(odd)])):
        assert Grammar(Rules().text(node)).accepts(odd)


def test_rules_that_can_never_end_are_left_out() -> None:
    """What refers to them goes with them; if nothing is left, that is said."""
    rules = Rules()
    endless = rules.add("endless", seq("a", rules.once("loop", seq("b"))))
    rules.nodes["loop"] = seq("b", endless)
    text = rules.text(alt([Text("x"), endless, seq("y", endless)]))
    assert text == 'root ::= "x"\n'
    with pytest.raises(GrammarError, match="no answer of finite length"):
        rules.text(seq("y", endless))
