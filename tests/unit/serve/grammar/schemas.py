"""Random JSON Schemas of the kind that the grammar takes, for tests that compare with jsonschema, and its verdict."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "ab", "kind", "x y", 'q"', "é", "\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-50, 50) | st.sampled_from([0.5, -1.25, "", "a", 'x"', "ü", "\n"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
BOUND = st.integers(-120, 120) | st.sampled_from([0.5, -0.25, 1e-3, 12.75, -99.5])
PATTERNS = st.sampled_from(["^[a-c]+$", "b", "^a|c$", "^(ab|a)*$", "^x{2,3}$", "[^a]$", r"^\d+-\w$", "^$"])


def is_valid(value: Any, schema: Any) -> bool:
    """By jsonschema, which would take formats for annotations, and a `$` for the end of a line, as Python has it."""
    return bool(_Validator(schema, format_checker=_FORMATS).is_valid(value))


def _check_pattern(_: object, pattern: str, value: object, __: object) -> Iterator[jsonschema.ValidationError]:
    if isinstance(value, str) and not re.search(pattern.replace("$", r"\Z"), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


def _is_time(value: object) -> bool:
    """Of a day. Of jsonschema's own checks it is the only one that needs another library."""
    if isinstance(value, str):
        datetime.time.fromisoformat(value)
    return True


_Validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator, {"pattern": _check_pattern}
)
_FORMATS = jsonschema.FormatChecker(formats=["date", "ipv4", "uuid"])
_FORMATS.checkers = {**_FORMATS.checkers, "time": (_is_time, ValueError)}


def schemas() -> st.SearchStrategy[Any]:
    """Schemas up to a few levels, with one definition that any of them may refer to."""
    inner = st.recursive(_leaf(), _outer, max_leaves=6)
    return st.tuples(inner, inner).map(lambda pair: {**_as_object(pair[0]), "$defs": {"d": pair[1]}})


def _as_object(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {"allOf": [schema]}


def _some(always: dict[str, st.SearchStrategy[Any]], /, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(always, optional=optional)


def _leaf() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from(
            [True, {}, {"type": "null"}, {"type": "boolean"}, {"$ref": "#/$defs/d"}, {"type": ["string", "null"]}]
        ),
        _some({"type": st.just("string")}, minLength=st.integers(0, 3), maxLength=st.integers(2, 5)),
        _some({"type": st.just("string"), "pattern": PATTERNS}),
        _some({"type": st.just("string"), "format": st.sampled_from(["date", "time", "uuid", "ipv4", "unknown"])}),
        _some(
            {"type": st.sampled_from(["integer", "number"])},
            minimum=BOUND,
            maximum=BOUND,
            exclusiveMinimum=BOUND,
            exclusiveMaximum=BOUND,
        ),
        _some(
            {"enum": st.lists(VALUES, min_size=1, max_size=4)}, type=st.sampled_from(["string", "integer", "object"])
        ),
        _some({"const": VALUES}),
    )


def _outer(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        _some(
            {"properties": st.dictionaries(NAMES, inner, max_size=4)},
            type=st.just("object"),
            required=st.lists(NAMES, max_size=2, unique=True),
            additionalProperties=st.booleans() | inner,
            minProperties=st.integers(0, 2),
            maxProperties=st.integers(1, 3),
        ),
        _some({"type": st.just("object")}, additionalProperties=inner, propertyNames=st.just({"maxLength": 3})),
        _some({"type": st.just("array")}, items=inner, minItems=st.integers(0, 3), maxItems=st.integers(0, 4)),
        _some({"prefixItems": lists}, items=st.booleans() | inner, minItems=st.integers(0, 3)),
        _some({"anyOf": lists}, type=st.sampled_from(["string", "object", "array", "number"])),
        _some({"oneOf": lists}),
        _some({"allOf": lists}),
    )
