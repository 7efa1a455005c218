"""Does a text fit a grammar? Slow and simple, so that it is right: all ends of all rules from all places."""

from __future__ import annotations

from collections.abc import Mapping

from serve.grammar.nodes import Alt, Chars, Node, Ref, Repeat, Seq, Text
from serve.grammar.parser import parse


def fits(grammar: str, text: str) -> bool:
    """The whole text, and nothing behind it."""
    rules = parse(grammar)
    return len(text) in _ends(rules, rules["root"], text, frozenset({0}))


def _ends(rules: Mapping[str, Node], node: Node, text: str, starts: frozenset[int]) -> frozenset[int]:
    if not starts:
        return starts
    if isinstance(node, Ref):
        return _ends(rules, rules[node.name], text, starts)
    if isinstance(node, Text):
        return frozenset(at + len(node.text) for at in starts if text.startswith(node.text, at))
    if isinstance(node, Chars):
        return frozenset(at + 1 for at in starts if at < len(text) and _has(node, text[at]))
    if isinstance(node, Seq):
        for item in node.items:
            starts = _ends(rules, item, text, starts)
        return starts
    if isinstance(node, Alt):
        return frozenset().union(*(_ends(rules, option, text, starts) for option in node.options))
    return _repeated(rules, node, text, starts)


def _repeated(rules: Mapping[str, Node], node: Repeat, text: str, starts: frozenset[int]) -> frozenset[int]:
    for _ in range(node.least):
        starts = _ends(rules, node.item, text, starts)
    ends, count = starts, node.least
    while starts and (node.most is None or count < node.most):
        starts = _ends(rules, node.item, text, starts) - ends
        ends |= starts
        count += 1
    return ends


def _has(node: Chars, char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in node.ranges)
