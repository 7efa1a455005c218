"""How JSON values are written in an answer: the parts that JSON mode and JSON Schema share.

Bounded on purpose: a small model that may go on with spaces or digits does so until its tokens are out. White space
only stands where pretty-printers put it, integers have at most 16 digits, exponents two.
"""

from __future__ import annotations

from collections.abc import Iterable

from serve.grammar.errors import GrammarError, shown
from serve.grammar.gbnf import Rules
from serve.grammar.nodes import (
    ANY,
    NOTHING,
    Chars,
    Node,
    Ranges,
    Ref,
    Text,
    alt,
    chars,
    common,
    optional,
    repeat,
    seq,
    without,
)

MAX_DIGITS = 16  # what a double holds exactly, and a little more
MAX_DEPTH = 64

DIGIT = chars((0x30, 0x39))
HEX = chars("abcdefABCDEF", (0x30, 0x39))
_CONTROLS: Ranges = ((0, 0x1F),)
_SPECIAL: Ranges = ((0x22, 0x22), (0x5C, 0x5C))
PLAIN: Ranges = without(without(ANY, _CONTROLS), _SPECIAL)  # stand for themselves inside a JSON string
_SHORT = {0x08: "b", 0x09: "t", 0x0A: "n", 0x0C: "f", 0x0D: "r", 0x22: '"', 0x5C: "\\"}


_SPACE = alt([Text(" "), seq(repeat(Text("\n"), 1, 2), repeat(chars(" \t"), 0, 20)), seq()])
_USUAL = seq(chars("abcefABCEF", (0x30, 0x39)), repeat(HEX, 3, 3))
_SURROGATES = seq(chars("89abAB"), HEX, HEX, "\\u", chars("dD"), chars("cdefCDEF"), HEX, HEX)
_SPECIAL_UNIT = seq(chars("dD"), alt([seq(chars((0x30, 0x37)), HEX, HEX), _SURROGATES]))
_ESCAPE = alt([chars('"\\/bfnrt'), seq("u", alt([_USUAL, _SPECIAL_UNIT]))])
_CHAR = alt([Chars(PLAIN), seq("\\", _ESCAPE)])
_EXPONENT = seq(chars("eE"), optional(chars("+-")), repeat(DIGIT, 1, 2))
_INTEGER = seq(optional(Text("-")), alt([Text("0"), seq(chars((0x31, 0x39)), repeat(DIGIT, 0, MAX_DIGITS - 1))]))
_NUMBER = seq(_INTEGER, optional(seq(".", repeat(DIGIT, 1, MAX_DIGITS))), optional(_EXPONENT))


def space(rules: Rules) -> Ref:
    """Nothing, a space, or a line break with some indentation."""
    return rules.once("ws", _SPACE)


def spelled(text: str) -> str:
    """A string's content as it is written between the quotes."""
    return "".join(_spelled(ord(char)) for char in text)


def _spelled(code: int) -> str:
    if code in _SHORT:
        return f"\\{_SHORT[code]}"
    return f"\\u{code:04x}" if code < 0x20 or 0xD800 <= code <= 0xDFFF else chr(code)


def one_char(ranges: Ranges) -> Node:
    """One character of these, in its usual spelling inside a JSON string."""
    plain = common(ranges, PLAIN)
    odd = [code for low, high in without(ranges, PLAIN) for code in range(low, high + 1) if code < 0xD800]
    short = "".join(_SHORT[code] for code in odd if code in _SHORT)
    options: list[Node] = [Chars(plain)] if plain else []
    options += [seq("\\", chars(short))] if short else []
    options += (
        [seq("\\u", one_of(f"{code:04x}" for code in odd if code not in _SHORT))] if set(odd) - set(_SHORT) else []
    )
    return alt(options)


def any_char(rules: Rules) -> Ref:
    """Any character inside a JSON string, in any spelling; a surrogate pair is one character."""
    return rules.once("char", _CHAR)


def any_string(rules: Rules, least: int = 0, most: int | None = None) -> Node:
    """A string of so many characters."""
    content = rules.repeat(any_char(rules), least, most)
    return rules.once("string", seq('"', content, '"')) if (least, most) == (0, None) else seq('"', content, '"')


def any_integer() -> Node:
    """An integer, without leading zeros."""
    return _INTEGER


def any_number() -> Node:
    """A number, perhaps with a fraction and an exponent that a double holds."""
    return _NUMBER


def any_boolean() -> Node:
    """True or false."""
    return alt([Text("true"), Text("false")])


def array(rules: Rules, content: Node) -> Node:
    """Brackets around what may be empty."""
    return seq("[", space(rules), optional(seq(content, space(rules))), "]")


def object_of(rules: Rules, content: Node) -> Node:
    """Braces around what may be empty."""
    return seq("{", space(rules), optional(seq(content, space(rules))), "}")


def comma(rules: Rules) -> Node:
    """What stands between two items."""
    return seq(",", space(rules))


def member(rules: Rules, key: Node, value: Node) -> Node:
    """A key and its value."""
    return seq(key, ":", space(rules), value)


def any_value(rules: Rules) -> Ref:
    """Any JSON value at all."""
    if "value" not in rules.nodes:
        rules.nodes["value"] = Text("null")  # holds the name while the parts refer to it
        options = [any_object(rules), any_array(rules), any_string(rules), any_number(), any_boolean(), Text("null")]
        rules.nodes["value"] = alt(options)
    return Ref("value")


def any_object(rules: Rules) -> Ref:
    """Any JSON object."""
    one = member(rules, any_string(rules), Ref("value"))
    node = rules.once("object", object_of(rules, seq(one, repeat(seq(comma(rules), one), 0, None))))
    any_value(rules)
    return node


def any_array(rules: Rules) -> Ref:
    """Any JSON array."""
    rest = repeat(seq(comma(rules), Ref("value")), 0, None)
    node = rules.once("array", array(rules, seq(Ref("value"), rest)))
    any_value(rules)
    return node


def literal(rules: Rules, value: object, depth: int = 0) -> Node:
    """Exactly this value; inside it, white space may stand as everywhere."""
    if depth > MAX_DEPTH:
        raise GrammarError(f"a value in the schema nests deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        return Text(f'"{spelled(value)}"')
    if value is None or isinstance(value, bool):
        return Text({None: "null", True: "true", False: "false"}[value])
    if isinstance(value, int) or (isinstance(value, float) and abs(value) < float("inf")):
        return Text(repr(value))
    if isinstance(value, list):
        return _around("[", [literal(rules, item, depth + 1) for item in value], "]", rules)
    if isinstance(value, dict):
        pairs = [(Text(f'"{spelled(key)}"'), literal(rules, item, depth + 1)) for key, item in value.items()]
        return _around("{", [member(rules, key, item) for key, item in pairs], "}", rules)
    raise GrammarError(f"{shown(value)} is not a JSON value")


def _around(opening: str, items: list[Node], closing: str, rules: Rules) -> Node:
    """Exactly these items between brackets."""
    content = seq(*(seq(comma(rules), item) if at else item for at, item in enumerate(items)))
    return seq(opening, space(rules), content, space(rules), closing) if items else seq(opening, space(rules), closing)


def one_of(texts: Iterable[str]) -> Node:
    """One of these texts, as a tree: thousands of them are no more work for llama.cpp than a few."""
    ordered = sorted(set(texts))
    return _tree(ordered, 0) if ordered else NOTHING


def _tree(texts: list[str], depth: int) -> Node:
    """Sorted texts by their common beginning, then by their next characters."""
    if len(texts) == 1 or depth > MAX_DEPTH:
        return alt([seq(text) for text in texts])
    first, last = texts[0], texts[-1]
    shared = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[shared : shared + 1], []).append(text[shared:])
    return seq(first[:shared], alt([_tree(group, depth + 1) for group in groups.values()], exclusive=True))
