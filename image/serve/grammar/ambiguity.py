"""How many parses of one text a grammar can make llama.cpp keep side by side.

It keeps a stack per parse and compares each with each: some hundred are slow, and a rule that calls itself in the middle
from two places that look alike doubles them with every character. A bound from above is enough: what can't be shown to
be harmless is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from serve.grammar.errors import GrammarError
from serve.grammar.facts import Facts
from serve.grammar.graph import components, is_cycle, references
from serve.grammar.nodes import Alt, Chars, Node, Ranges, Ref, Repeat, Seq, Text, common

MAX_PARALLEL = 2_000
_LOOK_AHEAD = 64  # characters


def check_parallel(rules: Mapping[str, Node], root: str, facts: Facts) -> None:
    """Refuse a grammar whose parses can multiply."""
    parallel = _Parallel(rules, facts)
    for group in components(facts.edges):
        parallel.settle(group)
    if parallel.known[root] > MAX_PARALLEL:
        raise GrammarError(
            f"the grammar is too ambiguous: one text could be read in {parallel.known[root]} ways at once, "
            f"at most {MAX_PARALLEL} are allowed; let alternatives differ in how they begin"
        )


class _Parallel:
    """For each rule, a bound on the parses that go on inside it at one time."""

    def __init__(self, rules: Mapping[str, Node], facts: Facts) -> None:
        self._rules = rules
        self._facts = facts
        self.known: dict[str, int] = {}

    def settle(self, group: tuple[str, ...]) -> None:
        """Count a group of rules that call each other; those that they call beside were counted before."""
        inside = set(group)
        if is_cycle(group, self._facts.edges) and any(
            _calls_in_the_middle(self._rules[name], inside) for name in group
        ):
            for name in group:
                self._check_recursion(name, self._rules[name], inside)
        self.known.update(dict.fromkeys(group, 1))
        counts = [self.count(self._rules[name]) for name in group]
        self.known.update(dict.fromkeys(group, sum(counts) if len(group) > 1 else counts[0]))

    def count(self, node: Node) -> int:
        """A bound on the parses inside the node."""
        if isinstance(node, Ref):
            return self.known[node.name]
        if isinstance(node, Alt):
            counts = [self.count(option) for option in node.options]
            if node.exclusive or self._do_all_part(node.options):
                return max([*counts, 1])
            return sum(counts)
        if isinstance(node, Seq):
            return self._count_seq(node)
        if isinstance(node, Repeat):
            inner = self.count(node.item)
            is_clear = not common(self._facts.goes_on(node.item), self._facts.first(node.item))
            return (
                inner if is_clear and not self._facts.is_nullable(node.item) else inner * (node.most or node.least + 1)
            )
        return 1

    def _count_seq(self, node: Seq) -> int:
        """Where it is clear when a part ends, only one part is being read at a time."""
        most = running = 0
        for at, item in enumerate(node.items):
            running += self.count(item)
            most = max(most, running)
            rest = Seq(node.items[at + 1 :])
            is_open = self._facts.is_nullable(item) and common(self._facts.first(item), self._facts.first(rest))
            if not is_open and not common(self._facts.goes_on(item), self._facts.first(rest)):
                running = 0
        return max(most, 1)

    def _check_recursion(self, name: str, node: Node, inside: set[str]) -> None:
        if isinstance(node, Alt) and not node.exclusive:
            calling = [option for option in node.options if references(option) & inside]
            if not self._do_all_part(tuple(calling)):
                raise GrammarError(
                    f"the grammar's rule {name!r} calls itself from alternatives that begin alike: the ways to read a "
                    "text could double with each character; put what tells them apart first"
                )
        if isinstance(node, Seq):
            for at, item in enumerate(node.items[:-1]):
                rest = Seq(node.items[at + 1 :])
                self._check_choice(name, item, rest, inside)
        for part in _parts(node):
            self._check_recursion(name, part, inside)

    def _check_choice(self, name: str, item: Node, rest: Node, inside: set[str]) -> None:
        """An optional part that calls the rule, before another part that does and begins alike."""
        if not (references(item) & inside and references(rest) & inside and self._facts.is_nullable(item)):
            return
        if common(self._facts.first(item), self._facts.first(rest)):
            raise GrammarError(
                f"the grammar's rule {name!r} calls itself from optional parts that begin alike: the ways to read a text "
                "could double with each character"
            )

    def _do_all_part(self, options: tuple[Node, ...]) -> bool:
        """Does each two of them differ within the first characters?"""
        if not self._facts.do_overlap(options):
            return not any(self._facts.is_nullable(option) for option in options) or len(options) < 3
        if len(options) > 100:
            return False
        leads = [self._lead(option) for option in options]
        return all(
            any(not common(here, there) for here, there in zip(one, other, strict=False))
            for at, one in enumerate(leads)
            for other in leads[at + 1 :]
        )

    def _lead(self, node: Node, depth: int = 8) -> list[Ranges]:
        """The characters that certainly come first, as far as their number is fixed."""
        lead: list[Ranges] = []
        todo = [(node, depth)]
        while todo and len(lead) < _LOOK_AHEAD:
            part, left = todo.pop()
            if isinstance(part, Text):
                lead += [((ord(char), ord(char)),) for char in part.text]
            elif isinstance(part, Chars):
                lead.append(part.ranges)
            elif isinstance(part, Seq):
                todo += [(item, left) for item in reversed(part.items)]
            elif isinstance(part, Ref) and left:
                todo.append((self._rules[part.name], left - 1))
            else:
                break
        return lead


def _parts(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Seq):
        return node.items
    if isinstance(node, Alt):
        return node.options
    return (node.item,) if isinstance(node, Repeat) else ()


def _calls_in_the_middle(node: Node, inside: set[str]) -> bool:
    """Is one of the rules called where something follows, so that the call has to be remembered?"""
    if isinstance(node, Alt):
        return any(_calls_in_the_middle(option, inside) for option in node.options)
    if isinstance(node, Seq) and node.items:
        if any(references(item) & inside for item in node.items[:-1]):
            return True
        return _calls_in_the_middle(node.items[-1], inside)
    return isinstance(node, Repeat) and bool(references(node.item) & inside)
