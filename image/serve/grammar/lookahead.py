"""Do two parts of a grammar part for good after some characters, or can they go on reading the same text?

Follows all texts that both can begin with, at once. Where that takes too long the answer is that they do not part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serve.grammar.facts import Facts
from serve.grammar.nodes import Alt, Chars, Node, Ranges, Ref, Repeat, Seq, Text

MAX_STEPS = 60_000  # over a whole grammar
MAX_PAIRS = 400  # for two parts

# What is still to be read: a node, how much of it is done, and what comes after it. None: nothing.
Rest = tuple[Node, int, "Rest | None"] | None


class LookAhead:
    """Compares parts of one set of rules, with a common bound on the work."""

    def __init__(self, rules: Mapping[str, Node], facts: Facts) -> None:
        self._rules = rules
        self._facts = facts
        self._steps = 0

    def do_part(self, one: Rest, other: Rest) -> bool:
        """Is there a length from which on no text is a beginning of both?"""
        seen: set[tuple[object, object]] = set()
        todo: list[tuple[Rest, Rest]] = [(one, other)]
        while todo:
            first, second = todo.pop()
            key = (_key(first), _key(second))
            if key in seen:
                return False  # they go on in a circle
            seen.add(key)
            if len(seen) > MAX_PAIRS or self._steps > MAX_STEPS:
                return False
            if len(seen) > 1 and (self._can_end(first) or self._can_end(second)):
                return False  # what follows it could be the same again
            nexts = list(self._next(second))
            for ranges, after in self._next(first):
                for other_ranges, other_after in nexts:
                    self._steps += 1
                    if _do_meet(ranges, other_ranges):
                        todo.append((after, other_after))
        return True

    def _can_end(self, rest: Rest) -> bool:
        while rest is not None:
            node, done, rest = rest
            if isinstance(node, Repeat):
                if done < node.least and not self._facts.is_nullable(node.item):
                    return False
            elif not self._facts.is_nullable(Seq(node.items[done:]) if isinstance(node, Seq) else node):
                return False
        return True

    def _next(self, rest: Rest, depth: int = 0) -> Iterator[tuple[Ranges, Rest]]:
        """The characters that may come next, each with what is left after them. An end is no character."""
        if rest is None or depth > 200:
            return
        node, done, after = rest
        if isinstance(node, Text):
            code = ord(node.text[done])
            yield ((code, code),), (node, done + 1, after) if done + 1 < len(node.text) else after
        elif isinstance(node, Chars):
            yield node.ranges, after
        elif isinstance(node, Ref):
            yield from self._next((self._rules[node.name], 0, after), depth + 1)
        elif isinstance(node, Alt):
            for option in node.options:
                yield from self._next((option, 0, after), depth + 1)
        elif isinstance(node, Seq):
            if done == len(node.items):
                yield from self._next(after, depth + 1)
            else:
                left: Rest = (node, done + 1, after) if done + 1 < len(node.items) else after
                yield from self._next((node.items[done], 0, left), depth + 1)
        else:
            yield from self._next_repeated(node, done, after, depth)

    def _next_repeated(self, node: Repeat, done: int, after: Rest, depth: int) -> Iterator[tuple[Ranges, Rest]]:
        if node.most is None or done < node.most:
            times = min(done + 1, node.least) if node.most is None else done + 1
            yield from self._next((node.item, 0, (node, times, after)), depth + 1)
        if done >= node.least:
            yield from self._next(after, depth + 1)


def _key(rest: Rest) -> object:
    steps = []
    while rest is not None:
        steps.append((id(rest[0]), rest[1]))
        rest = rest[2]
    return tuple(steps)


def _do_meet(one: Ranges, other: Ranges) -> bool:
    return any(low <= other_high and other_low <= high for low, high in one for other_low, other_high in other)
