"""What holds for each rule of a grammar: may it be empty, can it end, how may it begin, how may it go on at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from serve.grammar.graph import components, references
from serve.grammar.nodes import ANY, Alt, Chars, Node, Ranges, Ref, Repeat, Seq, Text, common, joined


class Facts:
    """Answers about nodes of one set of rules, whose names are all defined."""

    def __init__(self, rules: Mapping[str, Node]) -> None:
        self._rules = rules
        self.edges = {name: references(node) for name, node in rules.items()}
        self._beginnings: dict[str, int] = {}
        self._first: dict[str, Ranges] = {}
        self._first_by_node: dict[int, Ranges] = {}  # the nodes live as long as the rules do

    @cached_property
    def nullable(self) -> set[str]:
        """The rules that may be the empty text."""
        return self._settle(lambda node, known: _holds(node, known, is_empty_known=True))

    @cached_property
    def productive(self) -> set[str]:
        """The rules that have a text at all: of finite length, of characters that exist."""
        return self._settle(lambda node, known: _holds(node, known, is_empty_known=False))

    def _settle(self, holds: Callable[[Node, set[str]], bool]) -> set[str]:
        """The least set of rules for which it holds, given those for which it holds."""
        users: dict[str, list[str]] = {name: [] for name in self._rules}
        for name, targets in self.edges.items():
            for target in targets:
                users[target].append(name)
        known: set[str] = set()
        todo = list(self._rules)
        while todo:
            name = todo.pop()
            if name not in known and holds(self._rules[name], known):
                known.add(name)
                todo.extend(users[name])
        return known

    def is_nullable(self, node: Node) -> bool:
        """May the node be the empty text?"""
        return _holds(node, self.nullable, is_empty_known=True)

    @cached_property
    def left(self) -> dict[str, set[str]]:
        """For each rule, the rules it can begin with."""
        return {name: {ref.name for ref in self._left_refs(node)} for name, node in self._rules.items()}

    def _left_refs(self, node: Node) -> list[Ref]:
        if isinstance(node, Ref):
            return [node]
        if isinstance(node, Alt):
            return [ref for option in node.options for ref in self._left_refs(option)]
        if isinstance(node, Repeat):
            return self._left_refs(node.item)
        if isinstance(node, Seq):
            return [ref for item in self._leading(node) for ref in self._left_refs(item)]
        return []

    def _leading(self, node: Seq) -> list[Node]:
        """The items that may come first: up to the first that can't be empty."""
        leading: list[Node] = []
        for item in node.items:
            leading.append(item)
            if not self.is_nullable(item):
                break
        return leading

    def num_beginnings(self, name: str) -> int:
        """In how many ways a rule can begin; the rules it can begin with were asked before."""
        if name not in self._beginnings:
            self._beginnings[name] = self._count(self._rules[name])
        return self._beginnings[name]

    def _count(self, node: Node) -> int:
        if isinstance(node, Ref):
            return self.num_beginnings(node.name)
        if isinstance(node, Alt):
            return sum(self._count(option) for option in node.options)
        if isinstance(node, Seq):
            return sum(self._count(item) for item in self._leading(node)) or 1
        if isinstance(node, Repeat):
            times = (node.most or 1) if self.is_nullable(node.item) else 1
            return 1 + times * self._count(node.item)
        return 1

    def first(self, node: Node) -> Ranges:
        """The characters that the node's texts can begin with; only where nothing begins with itself."""
        found = self._first_by_node.get(id(node))
        if found is None:
            found = self._first_by_node[id(node)] = self._new_first(node)
        return found

    def _new_first(self, node: Node) -> Ranges:
        if isinstance(node, Text):
            return ((ord(node.text[0]), ord(node.text[0])),)
        if isinstance(node, Chars):
            return node.ranges
        if isinstance(node, Ref):
            return self._first_of(node.name)
        if isinstance(node, Repeat):
            return self.first(node.item)
        parts = node.options if isinstance(node, Alt) else self._leading(node)
        return joined(one for part in parts for one in self.first(part))

    def _first_of(self, name: str) -> Ranges:
        if name not in self._first:
            for group in components(self.left):  # those that others begin with come first: no deep recursion
                self._first[group[0]] = self.first(self._rules[group[0]])
        return self._first[name]

    @cached_property
    def _goes_on(self) -> dict[str, Ranges]:
        """For each rule, the characters with which a text that could already be whole can go on."""
        tails = {name: {ref.name for ref in self._tail_refs(node)} for name, node in self._rules.items()}
        result: dict[str, Ranges] = {}
        for group in components(tails):
            parts = [self._own_tail(self._rules[name]) for name in group]
            parts += [result[target] for name in group for target in tails[name] if target in result]
            whole = joined(one for part in parts for one in part)
            result.update(dict.fromkeys(group, whole))
        return result

    def goes_on(self, node: Node) -> Ranges:
        """The characters with which a text of the node that could already be whole can go on."""
        tails = [self._goes_on[ref.name] for ref in self._tail_refs(node)]
        return joined([*self._own_tail(node), *(one for part in tails for one in part)])

    def _trailing(self, node: Seq) -> list[Node]:
        trailing: list[Node] = []
        for item in reversed(node.items):
            trailing.append(item)
            if not self.is_nullable(item):
                break
        return trailing

    def _tail_refs(self, node: Node) -> list[Ref]:
        if isinstance(node, Ref):
            return [node]
        if isinstance(node, Alt):
            return [ref for option in node.options for ref in self._tail_refs(option)]
        if isinstance(node, Repeat):
            return self._tail_refs(node.item)
        if isinstance(node, Seq):
            return [ref for item in self._trailing(node) for ref in self._tail_refs(item)]
        return []

    def _own_tail(self, node: Node) -> Ranges:
        if isinstance(node, Seq):
            trailing = self._trailing(node)
            firsts = [self.first(item) for item in trailing if self.is_nullable(item)]
            return joined(one for part in [*firsts, *map(self._own_tail, trailing)] for one in part)
        if isinstance(node, Repeat):
            more = self.first(node.item) if node.most is None or node.most > max(node.least, 1) else ()
            return joined([*more, *self._own_tail(node.item)])
        if isinstance(node, Alt):
            if not node.exclusive and self.do_overlap(node.options):
                return ANY  # one option may be the beginning of another
            return joined(one for option in node.options for one in self._own_tail(option))
        return ()

    def do_overlap(self, options: tuple[Node, ...]) -> bool:
        """Do two of them begin with the same character?"""
        seen: Ranges = ()
        for option in options:
            first = self.first(option)
            if common(seen, first):
                return True
            seen = joined([*seen, *first])
        return False


def _holds(node: Node, known: set[str], *, is_empty_known: bool) -> bool:
    """May the node be empty (`is_empty_known`), or else: can it end at all?"""
    if isinstance(node, Ref):
        return node.name in known
    if isinstance(node, Seq):
        return all(_holds(item, known, is_empty_known=is_empty_known) for item in node.items)
    if isinstance(node, Alt):
        return any(_holds(option, known, is_empty_known=is_empty_known) for option in node.options)
    if isinstance(node, Repeat):
        return node.least == 0 or _holds(node.item, known, is_empty_known=is_empty_known)
    return not is_empty_known and (isinstance(node, Text) or bool(node.ranges))
