"""How many parses of one text a grammar can make llama.cpp keep side by side.

It keeps a stack per parse and compares each with each: some hundred are slow, and a rule that calls itself in the
middle from two places that look alike doubles them with every character. A bound from above is enough: what can't be
shown to be harmless is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from serve.grammar.errors import GrammarError
from serve.grammar.facts import Facts
from serve.grammar.graph import children, components, is_cycle, references
from serve.grammar.lookahead import LookAhead, Rest
from serve.grammar.nodes import Alt, Node, Ranges, Ref, Repeat, Seq, common, joined

MAX_PARALLEL = 2_000
MAX_COMPARED = 150  # alternatives of one rule that are compared each with each


def check_parallel(rules: Mapping[str, Node], root: str, facts: Facts) -> None:
    """Refuse a grammar whose parses can multiply."""
    parallel = _Parallel(rules, facts)
    for group in components(facts.edges):
        parallel.settle(group)
    if parallel.known[root] > MAX_PARALLEL:
        raise GrammarError(
            f"the grammar is too ambiguous: one text could be read in {min(parallel.known[root], 10**9)} ways at once, "
            f"at most {MAX_PARALLEL} are allowed; let alternatives differ in how they begin"
        )


class _Parallel:
    """For each rule, a bound on the parses that go on inside it at one time."""

    def __init__(self, rules: Mapping[str, Node], facts: Facts) -> None:
        self._rules = rules
        self._facts = facts
        self._ahead = LookAhead(rules, facts)
        self.known: dict[str, int] = {}

    def settle(self, group: tuple[str, ...]) -> None:
        """Count a group of rules that call each other; those that they call beside were counted before."""
        inside = set(group)
        nodes = [self._rules[name] for name in group]
        if is_cycle(group, self._facts.edges) and any(_calls_in_the_middle(node, inside) for node in nodes):
            for name, node in zip(group, nodes, strict=True):
                self._check_recursion(name, node, inside)
        self.known.update(dict.fromkeys(group, 1))
        counts = [self._count(node) for node in nodes]
        self.known.update(dict.fromkeys(group, sum(counts)))

    def _count(self, node: Node) -> int:
        """A bound on the parses inside the node."""
        if isinstance(node, Ref):
            return self.known[node.name]
        if isinstance(node, Alt):
            counts = [self._count(option) for option in node.options]
            return max([*counts, 1]) if self._do_all_part(node) else sum(counts)
        if isinstance(node, Seq):
            return self._count_seq(node)
        if isinstance(node, Repeat):
            inner = self._count(node.item)
            goes_on = common(self._facts.goes_on(node.item), self._facts.first(node.item))
            return inner * (node.most or node.least + 1) if goes_on or self._facts.is_nullable(node.item) else inner
        return 1

    def _count_seq(self, node: Seq) -> int:
        """Where it is clear when a part ends, only one part is being read at a time."""
        most = running = 0
        for at, (item, follows) in enumerate(zip(node.items, self._follows(node), strict=True)):
            running += self._count(item)
            most = max(most, running)
            if common(self._facts.goes_on(item), follows):
                continue
            if not self._facts.is_nullable(item) or self._is_clear(node, at, follows):
                running = 0
        return max(most, 1)

    def _follows(self, node: Seq) -> list[Ranges]:
        """For each item, the characters that what comes after it can begin with."""
        found: list[Ranges] = [()]
        for item in reversed(node.items[1:]):
            own = self._facts.first(item)
            found.append(joined([*own, *found[-1]]) if self._facts.is_nullable(item) else own)
        return found[::-1][: len(node.items)]

    def _is_clear(self, node: Seq, at: int, follows: Ranges) -> bool:
        """Whether an optional item is there, does that show within some characters?"""
        if not common(self._facts.first(node.items[at]), follows):
            return True
        after: Rest = (node, at + 1, None) if at + 1 < len(node.items) else None
        return self._ahead.do_part(_present(node.items[at], after), after)

    def _do_all_part(self, node: Alt) -> bool:
        """Does each two of the alternatives differ within some characters?"""
        if node.exclusive or not self._facts.do_overlap(node.options):
            return True
        if len(node.options) > MAX_COMPARED:
            return False
        return all(
            self._ahead.do_part((one, 0, None), (other, 0, None))
            for at, one in enumerate(node.options)
            for other in node.options[at + 1 :]
        )

    def _check_recursion(self, name: str, node: Node, inside: set[str]) -> None:
        if isinstance(node, Alt) and not node.exclusive:
            calling = Alt(tuple(option for option in node.options if references(option) & inside))
            if len(calling.options) > 1 and not self._do_all_part(calling):
                raise _doubling(name, "alternatives")
        if isinstance(node, Seq):
            for at, (item, follows) in enumerate(zip(node.items, self._follows(node), strict=True)):
                is_optional = references(item) & inside and self._facts.is_nullable(item)
                is_called_later = any(references(later) & inside for later in node.items[at + 1 :])
                if is_optional and is_called_later and not self._is_clear(node, at, follows):
                    raise _doubling(name, "optional parts")
        for part in children(node):
            self._check_recursion(name, part, inside)


def _present(item: Node, after: Rest) -> Rest:
    """An optional item that is there."""
    return (item.item, 0, (item, 1, after)) if isinstance(item, Repeat) else (item, 0, after)


def _doubling(name: str, where: str) -> GrammarError:
    return GrammarError(
        f"the grammar's rule {name!r} calls itself from {where} that begin alike: the ways to read a text could double "
        "with each character; put what tells them apart first"
    )


def _calls_in_the_middle(node: Node, inside: set[str]) -> bool:
    """Is one of the rules called where something follows, so that the call has to be remembered?"""
    if isinstance(node, Alt):
        return any(_calls_in_the_middle(option, inside) for option in node.options)
    if isinstance(node, Seq) and node.items:
        if any(references(item) & inside for item in node.items[:-1]):
            return True
        return _calls_in_the_middle(node.items[-1], inside)
    return isinstance(node, Repeat) and bool(references(node.item) & inside)
