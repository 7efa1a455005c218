"""JSON arrays: the first items by their places, then the rest, as many as are allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from serve.grammar.fits import item_schema, rest_keyword, tuple_keyword
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import any_array, array, comma, space
from serve.grammar.nodes import EMPTY, NOTHING, Node, alt, seq
from serve.grammar.schema import Clause, Place, Sub, combine

Value = Callable[[Iterable[Sub | Clause]], Node]

KEYWORDS = ("items", "prefixItems", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains")


def json_array(place: Place, rules: Rules, value: Value) -> Node:
    """The arrays that fit all clauses."""
    if not any(keyword in clause for clause in place for keyword in KEYWORDS):
        return any_array(rules)
    num_first = max(_num_first(clause) for clause in place)
    least = combine(place, lambda clause: clause.count("minItems"), max) or 0
    most = combine(place, lambda clause: clause.count("maxItems"), min)
    if num_first and not any(rest_keyword(clause) for clause in place) and least <= num_first:
        most = num_first if most is None else min(most, num_first)  # as with others, a tuple has no more items
    first = [value(_schemas(place, at)) for at in range(min(num_first, most if most is not None else num_first))]
    rest = NOTHING if most is not None and most <= num_first else value(_schemas(place, num_first))
    if rest == NOTHING:
        most = len(first) if most is None else min(most, len(first))
    if NOTHING in first:
        most = first.index(NOTHING)
    _check(place, most)
    if most is not None and most < least:
        return NOTHING
    if most == 0:
        return seq("[", space(rules), "]")
    content = _items(first, rest, least, most, rules)
    return array(rules, content) if least == 0 else seq("[", space(rules), content, space(rules), "]")


def _num_first(clause: Clause) -> int:
    keyword = tuple_keyword(clause)
    return len(clause.listing(keyword)) if keyword else 0


def _schemas(place: Place, at: int) -> list[Sub]:
    return [sub for clause in place if (sub := item_schema(clause, at)) is not None]


def _check(place: Place, most: int | None) -> None:
    for clause in place:
        if "uniqueItems" in clause and clause.keywords["uniqueItems"] is not False and (most is None or most > 1):
            raise clause.wrong(
                "uniqueItems", "uniqueItems can't be enforced while text is generated; use an enum per item"
            )
        if "contains" in clause:
            raise clause.wrong("contains", "contains can't be enforced while text is generated; use prefixItems")


def _items(first: list[Node], rest: Node, least: int, most: int | None, rules: Rules) -> Node:
    """At least one item, built from the end."""
    num_first = len(first) if most is None else min(len(first), most)
    after: Node = EMPTY
    if rest != NOTHING and (most is None or most > max(num_first, 1)):
        done = max(num_first, 1)
        after = rules.repeat(seq(comma(rules), rest), max(least - done, 0), None if most is None else most - done)
    for at in range(num_first - 1, 0, -1):
        more = seq(comma(rules), first[at], after)
        after = more if at < least else rules.add("items", alt([more, EMPTY]))
    return seq(first[0] if num_first else rest, after)
