"""A small reference for GBNF: which texts a grammar accepts, and random texts out of it. No limits, no cleverness.

The engine's tests compare it with llama.cpp; unit tests use it without.
"""

from __future__ import annotations

from random import Random

from serve.grammar.nodes import Alt, Chars, Node, Ref, Repeat, Seq, Text
from serve.grammar.parser import parse

_FAR = 1_000_000


class Grammar:
    """A grammar that was given as text."""

    def __init__(self, text: str) -> None:
        self._rules = parse(text)
        self._sizes = self._shortest()

    def accepts(self, text: str) -> bool:
        """Is this one of the grammar's texts?"""
        return len(text) in self._ends(Ref("root"), text, 0, {})

    def _ends(self, node: Node, text: str, start: int, known: dict[tuple[int, int], set[int]]) -> set[int]:
        key = (id(node), start)
        if key not in known:
            known[key] = self._found(node, text, start, known)
        return known[key]

    def _found(self, node: Node, text: str, start: int, known: dict[tuple[int, int], set[int]]) -> set[int]:
        if isinstance(node, Text):
            return {start + len(node.text)} if text.startswith(node.text, start) else set()
        if isinstance(node, Chars):
            fits = start < len(text) and any(low <= ord(text[start]) <= high for low, high in node.ranges)
            return {start + 1} if fits else set()
        if isinstance(node, Ref):
            return self._ends(self._rules[node.name], text, start, known)
        if isinstance(node, Alt):
            return {end for option in node.options for end in self._ends(option, text, start, known)}
        if isinstance(node, Seq):
            places = {start}
            for item in node.items:
                places = {end for place in places for end in self._ends(item, text, place, known)}
            return places
        return self._repeated(node, text, start, known)

    def _repeated(self, node: Repeat, text: str, start: int, known: dict[tuple[int, int], set[int]]) -> set[int]:
        found: set[int] = set()
        places, times = {start}, 0
        while places and (node.most is None or times <= node.most):
            if times >= node.least:
                if places <= found:
                    break
                found |= places
            places = {end for place in places for end in self._ends(node.item, text, place, known)}
            times += 1
        return found

    def sample(self, random: Random, size: int = 60) -> str:
        """A random text; once it has become long, each choice is the shortest."""
        written: list[str] = []
        self._write(Ref("root"), random, written, size)
        return "".join(written)

    def _write(self, node: Node, random: Random, written: list[str], size: int) -> None:
        is_long = len(written) > size
        if isinstance(node, Text):
            written.append(node.text)
        elif isinstance(node, Chars):
            low, high = random.choice(node.ranges)
            written.append(chr(random.randint(low, min(high, low + 0x2000))))
        elif isinstance(node, Ref):
            self._write(self._rules[node.name], random, written, size)
        elif isinstance(node, Alt):
            best = min(node.options, key=self._size)
            self._write(best if is_long else random.choice(node.options), random, written, size)
        elif isinstance(node, Seq):
            for item in node.items:
                self._write(item, random, written, size)
        else:
            more = 3 if node.most is None else node.most - node.least
            for _ in range(node.least + (0 if is_long else min(random.randint(0, more), random.choice([0, 1, 3, 30])))):
                self._write(node.item, random, written, size)

    def _shortest(self) -> dict[str, int]:
        self._sizes = dict.fromkeys(self._rules, _FAR)
        for _ in self._rules:
            sizes = {name: min(self._size(node), _FAR) for name, node in self._rules.items()}
            if sizes == self._sizes:
                break
            self._sizes = sizes
        return self._sizes

    def _size(self, node: Node) -> int:
        if isinstance(node, Text):
            return len(node.text)
        if isinstance(node, Ref):
            return 1 + self._sizes[node.name]
        if isinstance(node, Alt):
            return min(self._size(option) for option in node.options)
        if isinstance(node, Seq):
            return sum(self._size(item) for item in node.items)
        return node.least * self._size(node.item) if isinstance(node, Repeat) else 1
