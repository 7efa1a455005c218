"""Which schemas exclude each other: what makes `oneOf` the same as `anyOf`.

A proof or nothing: False only means that none was found.
"""

from __future__ import annotations

from decimal import Decimal

from serve.grammar.fits import Fitting
from serve.grammar.schema import Clause, Document, Place, Sub, combine

MAX_DEPTH = 4
MAX_PAIRS = 20_000


class Disjoint:
    """Compares schemas of one document."""

    def __init__(self, document: Document, fitting: Fitting) -> None:
        self._document = document
        self._fitting = fitting
        self._pairs = 0

    def are_disjoint(self, one: Sub | Clause, other: Sub | Clause, depth: int = 0) -> bool:
        """Is there certainly no value that fits both?"""
        self._pairs += 1
        if self._pairs > MAX_PAIRS or depth > MAX_DEPTH:
            return False
        place, other_place = self._document.open([one]), self._document.open([other])
        if place is None or other_place is None:
            return True
        return self._differ(place, other_place, depth) or self._differ_by_branches(place, [other], depth)

    def _differ(self, one: Place, other: Place, depth: int) -> bool:
        values, other_values = finite(one), finite(other)
        if values is not None:
            return not any(self._all_fit(value, other) for value in values if self._all_fit(value, one))
        if other_values is not None:
            return not any(self._all_fit(value, one) for value in other_values if self._all_fit(value, other))
        types = possible(one) & possible(other)
        return all(
            self._differ_as(name, one, other, depth) for name in types - {"integer" if "number" in types else ""}
        )

    def _all_fit(self, value: object, place: Place) -> bool:
        return all(self._fitting.does_fit(value, clause) for clause in place)

    def _differ_as(self, name: str, one: Place, other: Place, depth: int) -> bool:
        if name == "object":
            return self._differ_as_objects(one, other, depth)
        if name == "array":
            return _apart(one, other, "minItems", "maxItems")
        if name == "string":
            return _apart(one, other, "minLength", "maxLength")
        return name in ("number", "integer") and _numbers_apart(one, other)

    def _differ_as_objects(self, one: Place, other: Place, depth: int) -> bool:
        """By a required property of both, or by one that the other does not allow."""
        for first, second in ((one, other), (other, one)):
            required = {name for clause in first for name in clause.names("required")}
            for name in required:
                if any(_forbids(clause, name) for clause in second):
                    return True
        both = {name for clause in one for name in clause.names("required")}
        both &= {name for clause in other for name in clause.names("required")}
        return any(self._differ_in(name, one, other, depth) for name in sorted(both))

    def _differ_in(self, name: str, one: Place, other: Place, depth: int) -> bool:
        subs = [clause.sub("properties", name) for clause in one if name in clause.mapping("properties")]
        others = [clause.sub("properties", name) for clause in other if name in clause.mapping("properties")]
        return any(self.are_disjoint(first, second, depth + 1) for first in subs for second in others)

    def _differ_by_branches(self, place: Place, others: list[Sub | Clause], depth: int) -> bool:
        """Every branch of one of its anyOf or oneOf excludes the other."""
        for clause in place:
            for keyword in ("anyOf", "oneOf"):
                count = len(clause.listing(keyword))
                subs = [clause.sub(keyword, at) for at in range(count)]
                if subs and all(self.are_disjoint(sub, others[0], depth + 1) for sub in subs):
                    return True
        opened = self._document.open(others) or ()
        for clause in opened:
            for keyword in ("anyOf", "oneOf"):
                subs = [clause.sub(keyword, at) for at in range(len(clause.listing(keyword)))]
                if subs and all(self._differ(place, self._document.open([sub]) or (), depth + 1) for sub in subs):
                    return True
        return False


def part_at_once(places: list[Place | None]) -> bool:
    """Do objects of these places differ in their first property, so that nothing nested is read in two ways?"""
    firsts: list[str] = []
    num_arrays = 0
    for place in places:
        kinds = possible(place) if place is not None else set()
        if "object" not in kinds:
            num_arrays += "array" in kinds
            continue
        found = _first_values(place or ()) if kinds == {"object"} else None
        if found is None:
            return False
        firsts += found
    return num_arrays < 2 and len(firsts) == len(set(firsts))


def _first_values(place: Place) -> list[str] | None:
    """What the first property can be, if it is required and one of some strings."""
    names = [name for clause in place for name in clause.mapping("properties")]
    if not names or not any(names[0] in clause.names("required") for clause in place):
        return None
    subs = [clause.mapping("properties")[names[0]] for clause in place if names[0] in clause.mapping("properties")]
    values = next((found for sub in subs if (found := _strings(sub)) is not None), None)
    return None if values is None else [f"{names[0]}\0{value}" for value in values]


def leaves_out(one: Place | None, other: Place | None) -> bool:
    """Do the objects that are written for one place lack a property that the other requires?

    What is written is narrower than what is valid: an object that declares properties has no others unless asked.
    """
    if one is None or other is None:
        return True
    opening = ("patternProperties", "anyOf", "oneOf", "enum", "const")
    if possible(one) != {"object"} or any(keyword in clause for clause in one for keyword in opening):
        return False
    if any(clause.keywords.get("additionalProperties", False) is not False for clause in one):
        return False
    names = {name for clause in one for name in [*clause.mapping("properties"), *clause.names("required")]}
    return bool(names and {name for clause in other for name in clause.names("required")} - names)


def _strings(schema: object) -> list[str] | None:
    if not isinstance(schema, dict):
        return None
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    return values if isinstance(values, list) and all(isinstance(value, str) for value in values) else None


def finite(place: Place) -> list[object] | None:
    """The values of an enum or a constant, if there is one."""
    for clause in place:
        if "const" in clause:
            return [clause.keywords["const"]]
        if "enum" in clause:
            return clause.listing("enum")
    return None


def possible(place: Place) -> set[str]:
    """The types that a value can have, by what the clauses name."""
    types = {"null", "boolean", "object", "array", "string", "number", "integer"}
    for clause in place:
        named = clause.types()
        if named is not None:
            types &= named | ({"integer"} if "number" in named else set())
    return types


def _forbids(clause: Clause, name: str) -> bool:
    if clause.mapping("properties").get(name) is False:
        return True
    is_closed = "additionalProperties" in clause and clause.keywords["additionalProperties"] is False
    return is_closed and name not in clause.mapping("properties") and not clause.mapping("patternProperties")


def _apart(one: Place, other: Place, least: str, most: str) -> bool:
    def is_below(low: Place, high: Place) -> bool:
        end = combine(low, lambda clause: clause.count(most), min)
        start = combine(high, lambda clause: clause.count(least), max)
        return end is not None and start is not None and end < start

    return is_below(one, other) or is_below(other, one)


def _numbers_apart(one: Place, other: Place) -> bool:
    def is_below(low: Place, high: Place) -> bool:
        for clause in low:
            for most in ("maximum", "exclusiveMaximum"):
                for clause_above in high:
                    for least in ("minimum", "exclusiveMinimum"):
                        end, start = clause.decimal(most), clause_above.decimal(least)
                        if end is not None and start is not None and _is_apart(end, start, most, least):
                            return True
        return False

    return is_below(one, other) or is_below(other, one)


def _is_apart(end: Decimal, start: Decimal, most: str, least: str) -> bool:
    return end < start or (end == start and (most, least) != ("maximum", "minimum"))
