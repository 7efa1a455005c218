"""Does a text fit a grammar, and what texts do? Slow and simple, so that it is right."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from random import Random

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


def sample(grammar: str, random: Random) -> str:
    """Any text that fits: one way through the rules. Deep down, the shortest way."""
    rules = parse(grammar)
    sizes: dict[str, float] = dict.fromkeys(rules, inf)
    while True:
        now = {name: _least(sizes, node) + 1 for name, node in rules.items()}
        if now == sizes:
            break
        sizes = now
    return _sampled(rules, sizes, rules["root"], random, 0)


def _least(sizes: Mapping[str, float], node: Node) -> float:
    """How many rules deep the shortest way is."""
    if isinstance(node, Ref):
        return sizes[node.name]
    if isinstance(node, Seq):
        return max((_least(sizes, item) for item in node.items), default=0)
    if isinstance(node, Alt):
        return min(_least(sizes, option) for option in node.options)
    return _least(sizes, node.item) if isinstance(node, Repeat) and node.least else 0


def _sampled(rules: Mapping[str, Node], sizes: Mapping[str, float], node: Node, random: Random, depth: int) -> str:
    def go(inner: Node) -> str:
        return _sampled(rules, sizes, inner, random, depth + 1)

    if isinstance(node, Text):
        return node.text
    if isinstance(node, Chars):
        low, high = random.choice(node.ranges)
        return chr(random.randint(low, min(high, low + 90)))
    if isinstance(node, Ref):
        return go(rules[node.name])
    if isinstance(node, Seq):
        return "".join(go(item) for item in node.items)
    if isinstance(node, Alt):
        shortest = min(node.options, key=lambda option: _least(sizes, option))
        return go(shortest if depth > 40 else random.choice(node.options))
    most = node.least + (0 if depth > 40 else 3)
    return "".join(go(node.item) for _ in range(random.randint(node.least, min(most, node.most or most))))
