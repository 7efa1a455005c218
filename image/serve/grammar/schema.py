"""Reading a JSON Schema: bounds on its size, local references, and each keyword's value checked where it is used.

A place where a value is constrained is a tuple of clauses: all the schema objects that hold there at once, with `$ref`
and `allOf` opened. So nothing is ever merged, and whatever combination comes up, no keyword is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote

from serve.grammar.errors import GrammarError, shown

MAX_VALUES = 20_000  # JSON values in the schema
MAX_NESTING = 200
MAX_TRAIL = 50  # references and allOf in a row
MAX_STEPS = 100_000  # schema objects opened, again and again where they are used in several places

TYPES = ("null", "boolean", "object", "array", "string", "number", "integer")
NEVER = {  # keywords that say what must not be, or look at a value from two sides
    "not": "describe what is allowed instead",
    "if": "use anyOf with the cases written out",
    "dependentSchemas": "use anyOf with the cases written out",
    "dependentRequired": "use anyOf with the cases written out",
    "dependencies": "use anyOf with the cases written out",
    "unevaluatedProperties": "use additionalProperties",
    "unevaluatedItems": "use items",
    "$dynamicRef": "use $ref",
    "$recursiveRef": "use $ref",
}
# Clauses without any of these constrain nothing: a description, or a reference that has been followed.
ASSERTIONS = frozenset(
    {
        *NEVER,
        "type",
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "items",
        "prefixItems",
        "additionalItems",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
    }
)
_HARMLESS = {"unevaluatedProperties": True, "unevaluatedItems": True}

Place = tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Sub:
    """A schema somewhere in the document, with its path for messages."""

    value: object
    path: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A schema object that holds; the keywords in `done` have been dealt with elsewhere."""

    keywords: dict[str, object]
    path: str
    done: frozenset[str] = frozenset()

    def key(self) -> tuple[int, frozenset[str]]:
        """Equal for the same object of the document."""
        return id(self.keywords), self.done

    def __contains__(self, keyword: object) -> bool:
        return keyword in self.keywords and keyword not in self.done

    def without(self, keyword: str) -> Clause:
        """The same, with this keyword dealt with."""
        return Clause(self.keywords, self.path, self.done | {keyword})

    def wrong(self, keyword: str, allowed: str) -> GrammarError:
        """An error about the value of a keyword."""
        return GrammarError(f"{self.path}/{keyword} is {shown(self.keywords[keyword])}: {allowed}")

    def sub(self, keyword: str, *steps: str | int) -> Sub:
        """The schema under a keyword."""
        value: object = self.keywords[keyword]
        for step in steps:
            value = value[step]  # type: ignore[index]
        return Sub(value, "/".join([self.path, keyword, *(_escaped(str(step)) for step in steps)]))

    def count(self, keyword: str) -> int | None:
        """A number of things: an integer that is not negative."""
        if keyword not in self:
            return None
        value = self.keywords[keyword]
        if isinstance(value, float) and value.is_integer() and value >= 0:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        raise self.wrong(keyword, "it must be an integer of at least 0")

    def decimal(self, keyword: str) -> Decimal | None:
        """A number, exactly as it is written."""
        if keyword not in self:
            return None
        value = self.keywords[keyword]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or (isinstance(value, float) and value - value != 0)
        ):
            raise self.wrong(keyword, "it must be a number")
        if isinstance(value, int) and value.bit_length() > 2_000:
            return Decimal("1e600").copy_sign(value > 0 or -1)
        return Decimal(repr(value))

    def mapping(self, keyword: str) -> dict[str, object]:
        """An object of schemas by name; empty when absent."""
        value = self.keywords.get(keyword, {}) if keyword not in self.done else {}
        if not isinstance(value, dict):
            raise self.wrong(keyword, "it must be an object")
        return value

    def listing(self, keyword: str) -> list[object]:
        """A list; empty when absent."""
        value = self.keywords.get(keyword, []) if keyword not in self.done else []
        if not isinstance(value, list):
            raise self.wrong(keyword, "it must be an array")
        return value

    def names(self, keyword: str) -> list[str]:
        """A list of names."""
        names = self.listing(keyword)
        if not all(isinstance(name, str) for name in names):
            raise self.wrong(keyword, "it must be an array of strings")
        return [name for name in names if isinstance(name, str)]

    def types(self) -> frozenset[str] | None:
        """The types that `type` names, and null where OpenAPI's `nullable` adds it; None: any."""
        if "type" not in self:
            return None
        value = self.keywords["type"]
        types = value if isinstance(value, list) else [value]
        if not types or not all(isinstance(one, str) and one in TYPES for one in types):
            raise self.wrong("type", f"allowed are {', '.join(TYPES)} and lists of them")
        if self.keywords.get("nullable", False) not in (True, False):
            raise self.wrong("nullable", "it must be true or false")
        return frozenset(types) | ({"null"} if self.keywords.get("nullable") is True else frozenset())


class Document:
    """The whole schema, in which references are looked up."""

    def __init__(self, root: object) -> None:
        self.root = Sub(root, "#")
        self._steps = 0
        self._has_inner_ids = _measure(root)

    def open(self, subs: Iterable[Sub | Clause]) -> Place | None:
        """All clauses that hold where all these hold; None where nothing can (the schema `false`)."""
        found: dict[tuple[int, frozenset[str]], Clause] = {}
        if not all(self._open(sub, found, ()) for sub in subs):
            return None
        return tuple(one for one in found.values() if (one.keywords.keys() & ASSERTIONS) - one.done)

    def _open(self, sub: Sub | Clause, found: dict[tuple[int, frozenset[str]], Clause], trail: tuple[int, ...]) -> bool:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise GrammarError("the schema is too large: too many combinations of its parts have to be written out")
        if isinstance(sub, Sub):
            if isinstance(sub.value, bool):
                return sub.value
            if not isinstance(sub.value, dict):
                raise GrammarError(f"{sub.path} is {shown(sub.value)}: a schema must be an object, true or false")
            if len(trail) > MAX_TRAIL:
                raise GrammarError(f"{sub.path} is behind more than {MAX_TRAIL} references and allOf in a row")
            if id(sub.value) in trail:
                raise GrammarError(
                    f"{sub.path} refers to itself: the reference leads back without an object or array between"
                )
            trail = (*trail, id(sub.value))
            sub = Clause(sub.value, sub.path)
        if sub.key() in found:
            return True
        found[sub.key()] = sub
        inner = [sub.sub("allOf", at) for at in range(len(sub.listing("allOf")))]
        if "$ref" in sub:
            inner.append(self.target(sub))
        return all(self._open(one, found, trail) for one in inner)

    def target(self, clause: Clause) -> Sub:
        """What a `$ref` refers to: a JSON pointer into this document."""
        reference = clause.keywords["$ref"]
        if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
            raise clause.wrong("$ref", "only references into the same schema are followed, such as '#/$defs/name'")
        if self._has_inner_ids:
            raise clause.wrong("$ref", "references can't be followed in a schema whose parts have an $id of their own")
        value = self.root.value
        for step in unquote(reference[1:]).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isdecimal() and int(name[:9]) < len(value):
                value = value[int(name)]
            else:
                raise clause.wrong("$ref", "there is nothing at that place of the schema")
        return Sub(value, reference)


def combine(place: Place, pick: Callable[[Clause], int | None], choose: Callable[[int, int], int]) -> int | None:
    """One number out of those that the clauses set."""
    chosen: int | None = None
    for clause in place:
        value = pick(clause)
        if value is not None:
            chosen = value if chosen is None else choose(chosen, value)
    return chosen


def refuse(place: Place) -> None:
    """Refuse the keywords that no grammar can express."""
    for clause in place:
        for keyword, instead in NEVER.items():
            if keyword in clause and not _is_harmless(clause, keyword):
                raise _never(clause, keyword, instead)


def _is_harmless(clause: Clause, keyword: str) -> bool:
    if keyword == "if":
        return not {"then", "else"} & clause.keywords.keys()
    return keyword in _HARMLESS and clause.keywords[keyword] is _HARMLESS[keyword]


def _never(clause: Clause, keyword: str, instead: str) -> GrammarError:
    return clause.wrong(keyword, f"{keyword} can't be enforced while text is generated; {instead}")


def _measure(root: object) -> bool:
    """Bound the document before anything recursive looks at it; tells whether a part has an `$id` of its own."""
    num_values, has_inner_ids = 0, False
    todo: list[tuple[object, int]] = [(root, 0)]
    while todo:
        value, depth = todo.pop()
        num_values += 1
        if num_values > MAX_VALUES or depth > MAX_NESTING:
            raise GrammarError(f"the schema has more than {MAX_VALUES} values or nests deeper than {MAX_NESTING}")
        if isinstance(value, dict):
            own = value.get("$id")
            has_inner_ids |= depth > 0 and isinstance(own, str) and not own.startswith("#")
            todo.extend((one, depth + 1) for one in value.values())
        elif isinstance(value, list):
            todo.extend((one, depth + 1) for one in value)
    return has_inner_ids


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
