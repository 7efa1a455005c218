"""Which rules of a grammar refer to which: order, cycles, and what propagates along the references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from serve.grammar.nodes import Alt, Node, Ref, Repeat, Seq

Edges = Mapping[str, set[str]]


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node."""
    if isinstance(node, Seq):
        return node.items
    if isinstance(node, Alt):
        return node.options
    return (node.item,) if isinstance(node, Repeat) else ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything inside it, not following references."""
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        todo.extend(children(one))


def references(node: Node) -> set[str]:
    """The names of the rules that a node refers to."""
    return {part.name for part in walk(node) if isinstance(part, Ref)}


def components(edges: Edges) -> list[tuple[str, ...]]:
    """Groups of rules that reach each other, those that are referred to first (Tarjan, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_names: list[str] = []
    is_open: set[str] = set()
    found: list[tuple[str, ...]] = []
    for start in edges:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        path = [(start, iter(edges[start]))]
        open_names.append(start)
        is_open.add(start)
        while path:
            name, following = path[-1]
            for target in following:
                if target not in index:
                    index[target] = low[target] = len(index)
                    path.append((target, iter(edges[target])))
                    open_names.append(target)
                    is_open.add(target)
                    break
                if target in is_open:
                    low[name] = min(low[name], index[target])
            else:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[name])
                if low[name] == index[name]:
                    group = _pop_through(open_names, name)
                    is_open.difference_update(group)
                    found.append(group)
    return found


def _pop_through(names: list[str], last: str) -> tuple[str, ...]:
    popped = [names.pop()]
    while popped[-1] != last:
        popped.append(names.pop())
    return tuple(popped)


def is_cycle(group: tuple[str, ...], edges: Edges) -> bool:
    """Does the group lead back to itself?"""
    return len(group) > 1 or group[0] in edges[group[0]]


def spread(seeds: set[str], edges: Edges) -> set[str]:
    """The seeds and everything reachable from them."""
    reached = set(seeds)
    todo = list(seeds)
    while todo:
        fresh = edges[todo.pop()] - reached
        reached |= fresh
        todo.extend(fresh)
    return reached
