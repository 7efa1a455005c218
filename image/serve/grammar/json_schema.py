"""JSON Schema (drafts 2020-12 and 7) to GBNF, failing closed: what the grammar allows is valid, or there is no grammar.

A keyword that changes what is valid and can't be expressed is an error. Where a schema leaves open what nobody means to
leave open, the grammar is narrower: objects that declare properties have no others unless `additionalProperties` says
so, properties come in their declared order, a schema without `type` but with the keywords of one type means that type,
numbers and white space are bounded. `oneOf` is taken where its branches are shown to exclude each other; OpenAPI's
`nullable` adds null to `type`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from serve.grammar import arrays, objects
from serve.grammar.disjoint import Disjoint, leaves_out, part_at_once
from serve.grammar.errors import GrammarError
from serve.grammar.fits import Fitting
from serve.grammar.gbnf import Rules
from serve.grammar.graph import components, is_cycle
from serve.grammar.json_text import any_boolean, any_value, literal, one_of
from serve.grammar.nodes import NOTHING, Node, Ref, Text, alt
from serve.grammar.numbers import Interval, integer, number
from serve.grammar.schema import TYPES, Clause, Document, Place, Sub, refuse
from serve.grammar.strings import string

MAX_BRANCHES = 100
_FAR = Decimal(10) ** 30  # bounds beyond it bound nothing that is ever written
_MEANS = {
    "object": objects.KEYWORDS,
    "array": arrays.KEYWORDS,
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def to_gbnf(schema: object) -> str:
    """The grammar of the JSON texts that are valid against the schema."""
    rules = Rules()
    try:
        compiler = _Compiler(schema, rules)
        return rules.text(compiler.root(), is_safe=compiler.is_safe())
    except RecursionError:
        raise GrammarError("the schema nests too deeply") from None


def spell(schema: object, rules: Rules) -> Node:
    """The same as a part of a larger grammar: what it needs is added to these rules."""
    try:
        return _Compiler(schema, rules).root()
    except RecursionError:
        raise GrammarError("the schema nests too deeply") from None


class _Compiler:
    def __init__(self, schema: object, rules: Rules) -> None:
        self._document = Document(schema)
        self._fitting = Fitting(self._document)
        self._disjoint = Disjoint(self._document, self._fitting)
        self._rules = rules
        self._names: dict[frozenset[tuple[int, frozenset[str]]], Ref] = {}
        self._waiting: list[tuple[str, Place]] = []
        self._branching: dict[str, list[Node]] = {}  # rules that are a choice of others
        self._paths: dict[str, str] = {}
        self._kept: list[Place] = []  # keys are identities: what they mean must not go away
        self._do_branches_part = True

    def root(self) -> Node:
        root = self._value([self._document.root])
        while self._waiting:
            name, place = self._waiting.pop()
            self._rules.nodes[name] = self._node(name, place)
        self._check_circles()
        return root

    def _check_circles(self) -> None:
        """A choice that is one of its own options says nothing, and validators never come back from it."""
        edges = {
            name: {option.name for option in options if isinstance(option, Ref)} & self._branching.keys()
            for name, options in self._branching.items()
        }
        for group in components(edges):
            if is_cycle(group, edges):
                raise GrammarError(
                    f"{self._paths[group[0]]} refers to itself: the reference leads back without an object or array "
                    "between"
                )

    def is_safe(self) -> bool:
        """Is it clear from how it was made that nothing in it multiplies or begins with itself?"""
        choices = {option for options in self._branching.values() for option in options}
        return self._do_branches_part and not any(Ref(name) in choices for name in self._branching)

    def _value(self, subs: Iterable[Sub | Clause]) -> Node:
        """What fits all of these, as a rule that is made later: so schemas may refer to themselves."""
        place = self._document.open(subs)
        if place is None:
            return NOTHING
        key = frozenset(clause.key() for clause in place)
        if not key:
            return any_value(self._rules)
        if key not in self._names:
            name = self._rules.new_name(_stem(place[0].path))
            self._names[key] = Ref(name)
            self._kept.append(place)
            self._waiting.append((name, place))
        return self._names[key]

    def _node(self, name: str, place: Place) -> Node:
        for clause in place:
            if "enum" in clause or "const" in clause:
                return self._finite(clause, place)
        for clause in place:
            for keyword in ("anyOf", "oneOf"):
                if keyword in clause:
                    return self._branches(name, clause, keyword, place)
        refuse(place)
        return alt((self._of_type(one, place) for one in _types(place)), exclusive=True)

    def _finite(self, clause: Clause, place: Place) -> Node:
        """An enum or a constant: its values that everything else lets pass."""
        values = clause.listing("enum") if "enum" in clause else [clause.keywords["const"]]
        kept = [value for value in values if all(self._fitting.does_fit(value, one) for one in place)]
        nodes = [literal(self._rules, value) for value in kept]
        texts = one_of(node.text for node in nodes if isinstance(node, Text))
        return alt([texts, *(node for node in nodes if not isinstance(node, Text))])

    def _branches(self, name: str, clause: Clause, keyword: str, place: Place) -> Node:
        subs = [clause.sub(keyword, at) for at in range(len(clause.listing(keyword)))]
        if not subs or len(subs) > MAX_BRANCHES:
            raise clause.wrong(keyword, f"it must have 1 to {MAX_BRANCHES} branches")
        beside = [one.without(keyword) if one is clause else one for one in place]
        places = [self._document.open([*beside, sub]) for sub in subs]
        if keyword == "oneOf":
            self._check_one_of(clause, subs, places)
        options = [self._value([*beside, sub]) for sub in subs]
        do_part = part_at_once(places)
        self._branching[name], self._paths[name] = options, clause.path
        # Objects or arrays in several branches are read side by side: only then can parses multiply.
        containers = [_types(one) for one in places if one is not None]
        self._do_branches_part &= do_part or all(
            sum(kind in one for one in containers) < 2 for kind in ("object", "array")
        )
        return alt(options, exclusive=do_part)

    def _check_one_of(self, clause: Clause, subs: list[Sub], places: list[Place | None]) -> None:
        for at, one in enumerate(subs):
            for other_at in range(at + 1, len(subs)):
                pair, reverse = (places[at], places[other_at]), (places[other_at], places[at])
                is_apart = self._disjoint.are_disjoint(one, subs[other_at]) or (
                    leaves_out(*pair) and leaves_out(*reverse)
                )
                if not is_apart:
                    raise GrammarError(
                        f"{clause.path}/oneOf: branches {at} and {other_at} may both fit one value, which oneOf "
                        "forbids and generating can't prevent; use anyOf, or tell them apart by a required property "
                        "with a const"
                    )

    def _of_type(self, name: str, place: Place) -> Node:
        if name == "object":
            return objects.json_object(place, self._rules, self._value, self._fitting)
        if name == "array":
            return arrays.json_array(place, self._rules, self._value)
        if name == "string":
            return string(place, self._rules)
        if name == "boolean":
            return any_boolean()
        if name == "null":
            return Text("null")
        interval = _interval(place)
        return NOTHING if interval is None else integer(interval) if name == "integer" else number(interval)


def _types(place: Place) -> list[str]:
    """The types that are left; where none is named, those that the keywords speak of."""
    named = [types for clause in place if (types := clause.types()) is not None]
    if not named:
        meant = [
            name for name, keywords in _MEANS.items() if any(one in clause for one in keywords for clause in place)
        ]
        return meant or [name for name in TYPES if name != "integer"]
    wide = [types | ({"integer"} if "number" in types else frozenset()) for types in named]
    left = frozenset.intersection(*wide)
    return [name for name in TYPES if name in left and not (name == "integer" and "number" in left)]


def _interval(place: Place) -> Interval | None:
    """Between which bounds; None where nothing is left."""
    low, high = Decimal("-Infinity"), Decimal("Infinity")
    is_low_open = is_high_open = False
    for clause in place:
        _check_multiple(clause, place)
        for keyword, is_open in (("minimum", False), ("exclusiveMinimum", True)):
            bound = clause.decimal(keyword)
            if bound is not None and (bound > low or (bound == low and is_open)):
                low, is_low_open = bound, is_open
        for keyword, is_open in (("maximum", False), ("exclusiveMaximum", True)):
            bound = clause.decimal(keyword)
            if bound is not None and (bound < high or (bound == high and is_open)):
                high, is_high_open = bound, is_open
    if low > high or low > _FAR or high < -_FAR:
        return None
    return Interval(None if low < -_FAR else low, None if high > _FAR else high, is_low_open, is_high_open)


def _check_multiple(clause: Clause, place: Place) -> None:
    if "multipleOf" in clause and not (clause.decimal("multipleOf") == 1 and "number" not in _types(place)):
        raise clause.wrong("multipleOf", "it can't be enforced while text is generated; 1 with integers is taken")


def _stem(path: str) -> str:
    """A rule name that reminds of the place in the schema."""
    last = re.sub(r"[^A-Za-z0-9]+", "-", path.rpartition("/")[2])[:20].strip("-")
    return last or "schema"
