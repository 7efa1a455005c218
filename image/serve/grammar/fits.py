"""Does a value fit a schema? For what is finite: enum, const, and the names of properties.

The values of an enum are filtered by everything else that holds beside it, so nothing beside an enum is ever lost, not
even keywords that no grammar can express.
"""

from __future__ import annotations

from collections.abc import Callable

from serve.grammar.errors import GrammarError
from serve.grammar.formats import PATTERNS
from serve.grammar.matching import does_match
from serve.grammar.regex import searched
from serve.grammar.schema import Clause, Document, Sub

MAX_STEPS = 200_000


class Fitting:
    """Checks values against the schemas of one document, in a bounded number of steps."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._steps = 0
        self._scalars: dict[int, set[tuple[bool, object]]] = {}  # by enum, which the document keeps alive

    def does_fit(self, value: object, sub: Sub | Clause) -> bool:
        """Is the value valid against the schema?"""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise GrammarError("the schema is too large: its enums and constants take too long to check")
        if isinstance(sub, Sub):
            if isinstance(sub.value, bool):
                return sub.value
            if not isinstance(sub.value, dict):
                raise GrammarError(f"{sub.path} must be a schema: an object, true or false")
            sub = Clause(sub.value, sub.path)
        return self._fits_combined(value, sub) and self._fits_own(value, sub)

    def _fits_own(self, value: object, clause: Clause) -> bool:
        types = clause.types()
        if types is not None and not types & types_of(value):
            return False
        if "const" in clause and not is_same(value, clause.keywords["const"]):
            return False
        if "enum" in clause and not self._is_listed(value, clause.listing("enum")):
            return False
        if isinstance(value, str):
            return _fits_string(value, clause)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _fits_number(value, clause)
        if isinstance(value, list):
            return self._fits_array(value, clause)
        return not isinstance(value, dict) or self._fits_object(value, clause)

    def _is_listed(self, value: object, values: list[object]) -> bool:
        """Is it one of an enum's? Thousands of texts are looked up, not compared one by one."""
        if not isinstance(value, list | dict):
            if id(values) not in self._scalars:
                plain = [one for one in values if not isinstance(one, list | dict)]
                self._scalars[id(values)] = {(isinstance(one, bool), one) for one in plain}
            return (isinstance(value, bool), value) in self._scalars[id(values)]
        self._steps += len(values)
        return any(is_same(value, one) for one in values)

    def _fits_combined(self, value: object, clause: Clause) -> bool:
        def all_of(keyword: str) -> list[bool]:
            return [self.does_fit(value, clause.sub(keyword, at)) for at in range(len(clause.listing(keyword)))]

        if "$ref" in clause and not self.does_fit(value, self._document.target(clause)):
            return False
        if not all(all_of("allOf")) or ("anyOf" in clause and not any(all_of("anyOf"))):
            return False
        if "oneOf" in clause and sum(all_of("oneOf")) != 1:
            return False
        if "not" in clause and self.does_fit(value, clause.sub("not")):
            return False
        if "if" in clause:
            branch = "then" if self.does_fit(value, clause.sub("if")) else "else"
            return branch not in clause or self.does_fit(value, clause.sub(branch))
        return True

    def _fits_array(self, value: list[object], clause: Clause) -> bool:
        _refuse(clause, "unevaluatedItems")
        if "uniqueItems" in clause and clause.keywords["uniqueItems"] is not False and not _are_unique(value):
            return False
        if "contains" in clause and not self._contains(value, clause):
            return False
        least, most = clause.count("minItems"), clause.count("maxItems")
        if len(value) < (least or 0) or (most is not None and len(value) > most):
            return False
        return all(
            self.does_fit(item, sub) for at, item in enumerate(value) if (sub := item_schema(clause, at)) is not None
        )

    def _contains(self, value: list[object], clause: Clause) -> bool:
        num_found = sum(self.does_fit(item, clause.sub("contains")) for item in value)
        least, most = clause.count("minContains"), clause.count("maxContains")
        return num_found >= (1 if least is None else least) and (most is None or num_found <= most)

    def _fits_object(self, value: dict[str, object], clause: Clause) -> bool:
        _refuse(clause, "dependentRequired", "dependentSchemas", "dependencies", "unevaluatedProperties")
        least, most = clause.count("minProperties"), clause.count("maxProperties")
        if len(value) < (least or 0) or (most is not None and len(value) > most):
            return False
        if not set(clause.names("required")) <= value.keys():
            return False
        if "propertyNames" in clause and not all(self.does_fit(name, clause.sub("propertyNames")) for name in value):
            return False
        return all(self.does_fit(item, sub) for name, item in value.items() for sub in property_schemas(clause, name))


def property_schemas(clause: Clause, name: str) -> list[Sub]:
    """The schemas that one clause has for a property."""
    found = [clause.sub("properties", name)] if name in clause.mapping("properties") else []
    fitting = [pattern for pattern in clause.mapping("patternProperties") if does_match(searched(pattern), name)]
    found += [clause.sub("patternProperties", pattern) for pattern in fitting]
    if not found and "additionalProperties" in clause:
        found.append(clause.sub("additionalProperties"))
    return found


def tuple_keyword(clause: Clause) -> str | None:
    """The keyword under which the schemas of the first items stand: draft 7 has them under `items`."""
    if "prefixItems" in clause:
        return "prefixItems"
    return "items" if "items" in clause and isinstance(clause.keywords["items"], list) else None


def rest_keyword(clause: Clause) -> str | None:
    """The keyword under which the schema of all other items stands."""
    keyword = "additionalItems" if tuple_keyword(clause) == "items" else "items"
    return keyword if keyword in clause else None


def item_schema(clause: Clause, at: int) -> Sub | None:
    """The schema that a clause has for the item at a place."""
    first, rest = tuple_keyword(clause), rest_keyword(clause)
    if first is not None and at < len(clause.listing(first)):
        return clause.sub(first, at)
    return clause.sub(rest) if rest is not None else None


def types_of(value: object) -> frozenset[str]:
    """The names of a value's types."""
    if value is None:
        return frozenset({"null"})
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return frozenset({"integer", "number"})
    if isinstance(value, float):
        return frozenset({"number"})
    return frozenset({"string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"})


def is_same(one: object, other: object) -> bool:
    """Equal as JSON values: 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    return one == other


def _refuse(clause: Clause, *keywords: str) -> None:
    for keyword in keywords:
        if keyword in clause and clause.keywords[keyword] is not True:
            raise clause.wrong(keyword, f"{keyword} can't be checked against the values of an enum or const")


def _are_unique(items: list[object]) -> bool:
    return not any(is_same(one, other) for at, one in enumerate(items) for other in items[:at])


def _fits_string(value: str, clause: Clause) -> bool:
    least, most = clause.count("minLength"), clause.count("maxLength")
    if len(value) < (least or 0) or (most is not None and len(value) > most):
        return False
    pattern, form = clause.keywords.get("pattern"), clause.keywords.get("format")
    if "pattern" in clause:
        if not isinstance(pattern, str):
            raise clause.wrong("pattern", "it must be a string")
        if not does_match(searched(pattern), value):
            return False
    return not (isinstance(form, str) and form in PATTERNS) or does_match(searched(PATTERNS[form]), value)


def _fits_number(value: float, clause: Clause) -> bool:
    bounds: dict[str, Callable[[float, float], bool]] = {
        "minimum": lambda one, bound: one >= bound,
        "exclusiveMinimum": lambda one, bound: one > bound,
        "maximum": lambda one, bound: one <= bound,
        "exclusiveMaximum": lambda one, bound: one < bound,
    }
    for keyword, holds in bounds.items():
        if clause.decimal(keyword) is not None and not holds(value, clause.keywords[keyword]):  # type: ignore[arg-type]
            return False
    factor = clause.decimal("multipleOf")
    if factor is None:
        return True
    if factor <= 0:
        raise clause.wrong("multipleOf", "it must be a number above 0")
    if isinstance(value, int) and factor == int(factor):
        return value % int(factor) == 0
    raise clause.wrong("multipleOf", "it can't be checked here")
