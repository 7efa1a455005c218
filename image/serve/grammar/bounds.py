"""What a grammar must be before llama.cpp gets it: its C++ code crashes or never comes back on the rest.

It has no bound on depth (stack overflow), on the ways to begin a text (memory), or on parses that go on side by side
(time), finds only the plain kind of left recursion, and aborts in a state that no text leads out of. All of that is
refused here, in time linear in the grammar.
"""

from __future__ import annotations

from collections.abc import Mapping

from serve.grammar.ambiguity import check_parallel
from serve.grammar.errors import GrammarError
from serve.grammar.facts import Facts
from serve.grammar.graph import components, is_cycle, references, spread, walk
from serve.grammar.nodes import Alt, Chars, Node, Ref, Repeat, Seq, Text

MAX_RULES = 20_000
MAX_ELEMENTS = 200_000  # after llama.cpp has written out its repetitions
MAX_DEPTH = 4_000  # rules inside rules before the first character: each is a C++ stack frame
MAX_BEGINNINGS = 4_000  # ways to begin: each is a parse stack


def check_rules(rules: Mapping[str, Node], root: str) -> None:
    """Refuse rules that llama.cpp can't take, or not safely."""
    _check_names(rules, root)
    check_size(rules)
    facts = Facts(rules)
    _check_endings(rules, facts)
    _check_beginnings(facts)
    check_parallel(rules, root, facts)


def pruned(rules: Mapping[str, Node], root: str) -> dict[str, Node]:
    """The rules without options that can never end, and without rules that nothing reaches. Empty: nothing fits."""
    productive = Facts(rules).productive
    if len(productive) == len(rules):
        return dict(rules)
    if root not in productive:
        return {}
    kept = {name: _without(node, productive) for name, node in rules.items() if name in productive}
    reached = spread({root}, {name: references(node) for name, node in kept.items()})
    return {name: node for name, node in kept.items() if name in reached}


def _without(node: Node, productive: set[str]) -> Node:
    """The node without the options that refer to rules that can never end."""
    if references(node) <= productive:
        return node
    if isinstance(node, Alt):
        kept = tuple(_without(option, productive) for option in node.options if _can_end(option, productive))
        return kept[0] if len(kept) == 1 else Alt(kept, node.exclusive)
    if isinstance(node, Seq):
        return Seq(tuple(_without(item, productive) for item in node.items))
    if isinstance(node, Repeat):
        if not _can_end(node.item, productive):
            return Seq(())
        return Repeat(_without(node.item, productive), node.least, node.most)
    return node


def _can_end(node: Node, productive: set[str]) -> bool:
    if isinstance(node, Ref):
        return node.name in productive
    if isinstance(node, Seq):
        return all(_can_end(item, productive) for item in node.items)
    if isinstance(node, Alt):
        return any(_can_end(option, productive) for option in node.options)
    if isinstance(node, Repeat):
        return node.least == 0 or _can_end(node.item, productive)
    return isinstance(node, Text) or bool(node.ranges)


def _check_names(rules: Mapping[str, Node], root: str) -> None:
    if root not in rules:
        raise GrammarError(f"the grammar has no rule {root!r}: the answer begins there")
    if len(rules) > MAX_RULES:
        raise GrammarError(f"the grammar has {len(rules)} rules: at most {MAX_RULES} are allowed")
    for name, node in rules.items():
        for target in references(node):
            if target not in rules:
                raise GrammarError(f"the grammar's rule {name!r} refers to {target!r}, which is not defined")


def check_size(rules: Mapping[str, Node]) -> None:
    """Refuse what would take llama.cpp too much memory."""
    size = sum(_num_elements(node) for node in rules.values())
    if size > MAX_ELEMENTS:
        raise GrammarError(
            f"the grammar has {size} elements with its repetitions written out: at most {MAX_ELEMENTS} are allowed"
        )


def _num_elements(node: Node) -> int:
    """What llama.cpp will hold for it: it copies what is repeated, but a group is copied as one reference."""
    if isinstance(node, Text):
        return len(node.text)
    if isinstance(node, Chars):
        return 2 * len(node.ranges)
    if isinstance(node, Seq):
        return 2 + sum(_num_elements(item) for item in node.items)
    if isinstance(node, Alt):
        return 2 + sum(1 + _num_elements(option) for option in node.options)
    if isinstance(node, Repeat):
        inner = _num_elements(node.item)
        unit = inner if isinstance(node.item, Text | Chars | Ref) else 1
        return inner + node.least * unit + (1 if node.most is None else node.most - node.least) * (unit + 3)
    return 1


def _check_endings(rules: Mapping[str, Node], facts: Facts) -> None:
    for name, node in rules.items():
        if name not in facts.productive:
            raise GrammarError(f"the grammar's rule {name!r} can never come to an end, or matches no text at all")
        for part in walk(node):
            if isinstance(part, Chars) and not part.ranges:
                raise GrammarError(f"the grammar's rule {name!r} has a character class that no character fits")
            if isinstance(part, Repeat) and part.most is None and facts.is_nullable(part.item):
                raise GrammarError(f"the grammar's rule {name!r} repeats without end what may be empty")


def _check_beginnings(facts: Facts) -> None:
    """Left recursion never ends; a deep or wide tree of beginnings overflows the stack or the memory."""
    depth: dict[str, int] = {}
    total = 0
    for group in components(facts.left):
        if is_cycle(group, facts.left):
            raise GrammarError(
                f"the grammar's rule {group[-1]!r} can begin with itself (left recursion): "
                "put at least one character before it"
            )
        (name,) = group
        depth[name] = 1 + max((depth[target] for target in facts.left[name]), default=0)
        if depth[name] > MAX_DEPTH:
            raise GrammarError(f"the grammar nests more than {MAX_DEPTH} rules before a first character")
        beginnings = facts.num_beginnings(name)
        total += beginnings
        if beginnings > MAX_BEGINNINGS:
            raise GrammarError(
                f"the grammar's rule {name!r} can begin in {beginnings} ways: at most {MAX_BEGINNINGS} are allowed"
            )
    if total > MAX_BEGINNINGS * 500:
        raise GrammarError("the grammar's rules can begin in too many ways: share their common beginnings")
