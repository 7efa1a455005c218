"""GBNF text out of nodes, in the dialect that llama.cpp's parser takes.

Its parser has one limit that matters: at most 2,000 of a repetition, beyond which it silently forgets the maximum.
Larger counts are built of blocks here, so that they hold whatever their size.
"""

from __future__ import annotations

from serve.grammar.bounds import check_rules, check_size, pruned
from serve.grammar.errors import GrammarError
from serve.grammar.nodes import Alt, Chars, Node, Ref, Repeat, Seq, Text, alt, repeat, seq
from serve.grammar.parser import parse

ROOT = "root"
MAX_NODES = 20_000
_BLOCK = 500  # a repetition up to this is left to llama.cpp
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Rules:
    """The named rules of a grammar that is being made, with a bound on their size."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._names = 0

    def new_name(self, stem: str) -> str:
        """A name that no rule has yet."""
        self._names += 1
        if self._names > MAX_NODES:
            raise GrammarError(f"this needs a grammar of more than {MAX_NODES} rules: make it smaller")
        return f"{stem}-{self._names}"

    def add(self, stem: str, node: Node) -> Ref:
        """Give a node a rule of its own, which can be referred to."""
        name = self.new_name(stem)
        self.nodes[name] = node
        return Ref(name)

    def once(self, name: str, node: Node) -> Ref:
        """A rule that many share."""
        self.nodes.setdefault(name, node)
        return Ref(name)

    def repeat(self, item: Node, least: int, most: int | None) -> Node:
        """The item so many times, whatever the numbers."""
        if most is not None and most < least:
            raise AssertionError("whoever counts has compared")
        if max(least, most or 0) < 2:
            return repeat(item, least, most)
        # A group counts as many as llama.cpp makes rules for it, times the repetitions; a reference counts as one.
        unit = item if isinstance(item, Ref | Chars) else self.add("unit", item)
        if max(least, most or 0) <= _BLOCK:
            return repeat(unit, least, most)
        rest = repeat(unit, 0, None) if most is None else self._up_to(unit, most - least)
        return seq(self._exactly(unit, least), rest)

    def _exactly(self, unit: Ref | Chars, count: int) -> Node:
        if count <= _BLOCK:
            return repeat(unit, count, count)
        block = self.add("block", repeat(unit, _BLOCK, _BLOCK))
        blocks, rest = divmod(count, _BLOCK)
        return seq(self._exactly(block, blocks), repeat(unit, rest, rest))

    def _up_to(self, unit: Ref | Chars, count: int) -> Node:
        """Whole blocks first; the last one is cut short, or is whole and has the remainder behind it."""
        if count <= _BLOCK:
            return repeat(unit, 0, count)
        block = self.add("block", repeat(unit, _BLOCK, _BLOCK))
        blocks, rest = divmod(count, _BLOCK)
        last = alt([repeat(unit, 0, _BLOCK - 1), seq(block, repeat(unit, 0, rest))], exclusive=True)
        return seq(self._up_to(block, blocks - 1), last)

    def text(self, root: Node, *, is_safe: bool = False) -> str:
        """The whole grammar without rules that can never end; checked as a user's is, unless it is safe as made."""
        nodes = pruned({ROOT: root, **self.nodes}, ROOT)
        if not nodes:
            raise GrammarError("no answer of finite length fits what was asked for")
        if is_safe:
            check_size(nodes)
        else:
            check_rules(nodes, ROOT)
        return "".join(f"{name} ::= {_shown(node, top=True)}\n" for name, node in nodes.items())


def check(text: str) -> None:
    """Refuse a user's grammar that llama.cpp could not parse, or that would crash, stall or unbind it."""
    check_rules(parse(text), ROOT)


def _shown(node: Node, *, top: bool = False) -> str:
    """A node as GBNF; in brackets where it would fall apart beside others."""
    if isinstance(node, Text):
        return f'"{"".join(_escaped(char) for char in node.text)}"'
    if isinstance(node, Chars):
        return f"[{''.join(_range(low, high) for low, high in node.ranges)}]"
    if isinstance(node, Ref):
        return node.name
    if isinstance(node, Seq):
        inner = " ".join(_shown(item) for item in node.items) or '""'
        return inner if top else f"({inner})"
    if isinstance(node, Alt):
        inner = " | ".join(_shown(option, top=True) for option in node.options)
        return inner if top else f"({inner})"
    return _shown_repeat(node)


def _shown_repeat(node: Repeat) -> str:
    unit = _shown(node.item)
    if (isinstance(node.item, Text) and len(node.item.text) > 1) or isinstance(node.item, Repeat):
        unit = f"({unit})"
    signs = {(0, None): "*", (1, None): "+", (0, 1): "?"}
    if (sign := signs.get((node.least, node.most))) is not None:
        return unit + sign
    if node.least == node.most:
        return f"{unit}{{{node.least}}}"
    return f"{unit}{{{node.least},{'' if node.most is None else node.most}}}"


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    return char if 0x20 <= code < 0x7F or 0xA0 <= code < 0xD800 else f"\\U{code:08X}"


def _range(low: int, high: int) -> str:
    first, last = _in_class(low), _in_class(high)
    return first if low == high else f"{first}-{last}"


def _in_class(code: int) -> str:
    char = chr(code)
    if char in "[]-^\\":
        return f"\\x{code:02X}"
    return char if 0x20 <= code < 0x7F else f"\\U{code:08X}"
