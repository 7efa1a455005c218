"""JSON objects: declared properties in their order, then others where the schema asks for them.

Without `additionalProperties` an object that declares properties has no others, as with OpenAI and llama.cpp: a model
that may invent keys does. Others are written without escapes and never repeat a declared name, so that what is declared
of a name holds however an object with the same key twice is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from serve.grammar.errors import GrammarError
from serve.grammar.fits import Fitting, property_schemas
from serve.grammar.gbnf import Rules
from serve.grammar.json_text import PLAIN, any_object, any_string, comma, member, object_of, space, spelled
from serve.grammar.nodes import EMPTY, NOTHING, Chars, Node, Text, alt, chars, repeat, seq, without
from serve.grammar.schema import Clause, Place, Sub, combine

Value = Callable[[Iterable[Sub | Clause]], Node]
MAX_COUNTED = 100  # properties of an object whose number is limited

KEYWORDS = (
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "minProperties",
    "maxProperties",
)


@dataclass(frozen=True, slots=True)
class _Property:
    member: Node
    is_required: bool


@dataclass(frozen=True, slots=True)
class _Shape:
    """An object's declared properties, what other members look like (None: there are none), and how many it has."""

    declared: tuple[_Property, ...]
    other: Node | None
    least: int
    most: int | None


def json_object(place: Place, rules: Rules, value: Value, fitting: Fitting) -> Node:
    """The objects that fit all clauses."""
    if not any(keyword in clause for clause in place for keyword in KEYWORDS):
        return any_object(rules)
    names = list(dict.fromkeys(name for clause in place for name in clause.mapping("properties")))
    required = list(dict.fromkeys(name for clause in place for name in clause.names("required")))
    declared: list[_Property] = []
    for name in dict.fromkeys([*names, *required]):
        subs = _schemas(place, name, fitting)
        node = NOTHING if subs is None else value(subs)
        if node == NOTHING and name in required:
            return NOTHING
        if node != NOTHING:
            key = Text(f'"{spelled(name)}"')
            declared.append(_Property(member(rules, key, node), name in required))
    other = _other(place, rules, value, [*names, *required])
    least = combine(place, lambda clause: clause.count("minProperties"), max) or 0
    most = combine(place, lambda clause: clause.count("maxProperties"), min)
    return _written(_checked(_Shape(tuple(declared), other, least, most), place), rules)


def _schemas(place: Place, name: str, fitting: Fitting) -> list[Sub] | None:
    """All schemas that hold for a property; None where it is not allowed."""
    for clause in place:
        if "propertyNames" in clause and not fitting.does_fit(name, clause.sub("propertyNames")):
            return None
    found = [sub for clause in place for sub in property_schemas(clause, name)]
    return None if any(sub.value is False for sub in found) else found


def _other(place: Place, rules: Rules, value: Value, taken: list[str]) -> Node | None:
    """A member that is not declared."""
    subs = [clause.sub("additionalProperties") for clause in place if "additionalProperties" in clause]
    patterns = [(clause, pattern) for clause in place for pattern in clause.mapping("patternProperties")]
    if patterns:
        return _patterned(place, patterns, rules, value, taken)
    if any(sub.value is False for sub in subs) or (not subs and taken):
        return None
    content = value(subs)
    return None if content == NOTHING else member(rules, _key(place, rules, value, taken), content)


def _key(place: Place, rules: Rules, value: Value, taken: list[str]) -> Node:
    names = [
        Sub({"allOf": [clause.keywords["propertyNames"], {"type": "string"}]}, clause.sub("propertyNames").path)
        for clause in place
        if "propertyNames" in clause
    ]
    if names and taken:
        clause = next(clause for clause in place if "propertyNames" in clause)
        raise clause.wrong("propertyNames", "it can't be combined with declared properties and additional ones")
    if names:
        return value(names)
    return seq('"', other_than(taken, rules)) if taken else any_string(rules)


def _patterned(
    place: Place, patterns: list[tuple[Clause, str]], rules: Rules, value: Value, taken: list[str]
) -> Node | None:
    (clause, pattern), *others = patterns
    if others:
        raise others[0][0].wrong("patternProperties", "only one pattern can be enforced")
    if clause.keywords.get("additionalProperties", False) is not False:
        raise clause.wrong("patternProperties", "it can't be combined with additionalProperties: set that to false")
    if any("propertyNames" in one for one in place):
        raise clause.wrong("patternProperties", "it can't be combined with propertyNames")
    if any(clause.sub("patternProperties", pattern) in property_schemas(clause, name) for name in taken):
        raise clause.wrong("patternProperties", "a declared property has a name that fits the pattern")
    subs = [clause.sub("patternProperties", pattern)]
    subs += [one.sub("additionalProperties") for one in place if one is not clause and "additionalProperties" in one]
    if any(sub.value is False for sub in subs):
        return None
    key = value([Sub({"type": "string", "pattern": pattern}, f"{clause.path}/patternProperties")])
    return member(rules, key, value(subs))


def _checked(shape: _Shape, place: Place) -> _Shape:
    """Refuse a number of members that can't be counted: other members may repeat a key, which then counts once."""
    num_required = sum(one.is_required for one in shape.declared)
    if shape.least > max(num_required, 1) and shape.other is not None:
        clause = next(clause for clause in place if clause.count("minProperties") == shape.least)
        raise clause.wrong(
            "minProperties", "it must be at most 1, or the number of required properties, beside additional ones"
        )
    is_counted = shape.least > num_required or shape.most is not None
    if is_counted and len(shape.declared) > MAX_COUNTED:
        raise GrammarError(f"{place[0].path}: minProperties and maxProperties take at most {MAX_COUNTED} properties")
    return shape


def _written(shape: _Shape, rules: Rules) -> Node:
    """The object, built from its end: what may come at each property, and what may follow it."""
    num_required = sum(one.is_required for one in shape.declared)
    if shape.most is not None and shape.most < max(num_required, shape.least):
        return NOTHING
    is_counted = shape.least > num_required or (
        shape.most is not None and (shape.other is not None or shape.most < len(shape.declared))
    )
    counts = range(min(len(shape.declared), shape.most or 0 if shape.most is not None else len(shape.declared)) + 1)
    states = list(counts) if is_counted else [0]
    begins = {count: _others(shape, rules, count if is_counted else None) for count in states}
    follows = {count: _follow(shape, rules, begins, count, num_left=0, is_counted=is_counted) for count in states}
    num_left = 0
    for one in reversed(shape.declared):
        next_begins: dict[int, Node] = {}
        num_left += one.is_required
        for count in states:
            after = follows.get(count + 1 if is_counted else 0, NOTHING)
            taken = seq(one.member, after)
            skipped = NOTHING if one.is_required else begins[count]
            node = alt([taken, skipped], exclusive=True)
            next_begins[count] = node if node in (taken, NOTHING) else rules.add("key", node)
        begins = next_begins
        follows = {
            count: _follow(shape, rules, begins, count, num_left=num_left, is_counted=is_counted) for count in states
        }
    may_be_empty = num_left == 0 and shape.least == 0
    content = begins[0]
    if content == NOTHING:
        return seq("{", space(rules), "}") if may_be_empty else NOTHING
    return object_of(rules, content) if may_be_empty else seq("{", space(rules), content, space(rules), "}")


def _follow(
    shape: _Shape, rules: Rules, begins: dict[int, Node], count: int, *, num_left: int, is_counted: bool
) -> Node:
    """What may follow a member: a comma and more, or the end."""
    is_full = is_counted and shape.most is not None and count >= shape.most
    more = NOTHING if is_full or begins[count] == NOTHING else seq(comma(rules), begins[count])
    can_end = num_left == 0 and (not is_counted or count >= shape.least)
    node = alt([more, EMPTY if can_end else NOTHING])
    return (
        node
        if node in (more, EMPTY, NOTHING) and num_left + len(begins) < 2
        else rules.add("more", node)
        if node != NOTHING
        else NOTHING
    )


def _others(shape: _Shape, rules: Rules, count: int | None) -> Node:
    """Members that are not declared, at least one, up to the most that are allowed."""
    if shape.other is None:
        return NOTHING
    most = None if shape.most is None or count is None else shape.most - count
    if most == 0:
        return NOTHING
    one = rules.add("other", shape.other)
    return seq(one, rules.repeat(seq(comma(rules), one), 0, None if most is None else most - 1))


@dataclass(slots=True)
class _Tree:
    """Names by their next character."""

    following: dict[str, _Tree] = field(default_factory=dict)
    is_name: bool = False


def other_than(names: list[str], rules: Rules) -> Node:
    """A key's characters and its closing quote, without escapes, but none of these names."""
    tree = _Tree()
    for name in names:
        here = tree
        for char in name:
            here = here.following.setdefault(char, _Tree())
        here.is_name = True
    nodes: dict[int, Node] = {}
    anything = repeat(Chars(PLAIN), 0, None)
    todo = [(tree, False)]
    while todo:
        here, is_ready = todo.pop()
        following = {
            char: part for char, part in here.following.items() if any(low <= ord(char) <= high for low, high in PLAIN)
        }
        if not is_ready:
            todo.append((here, True))
            todo.extend((part, False) for part in following.values())
            continue
        used = chars("".join(following)).ranges
        options: list[Node] = [seq(Chars(without(PLAIN, used)), anything, '"')]
        options += [seq(char, nodes[id(part)]) for char, part in following.items()]
        options += [] if here.is_name else [Text('"')]
        nodes[id(here)] = rules.add("key", alt(options))
    return nodes[id(tree)]
