"""Pydantic's findings -> sentences that name the key, the value and what is allowed.

Shared by the two edges that parse what people write: the stack's settings and the catalog.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

Location = tuple[int | str, ...]


def describe(error: ValidationError, schema: type[BaseModel], key: Callable[[Location], str]) -> Iterator[str]:
    """One sentence per finding; `key` spells a location the way the file's reader knows it."""
    for found in error.errors(include_url=False):
        name = key(found["loc"])
        kind, context = found["type"], found.get("ctx", {})
        if kind == "missing":
            yield f"{name}: is missing"
        elif kind == "extra_forbidden":
            yield f"{name}: unknown key; allowed: {', '.join(_keys_beside(schema, found['loc']))}"
        else:
            yield f"{name}: {_show(found['input'])} is not allowed; {_allowed(kind, context, found['msg'])}"


def _allowed(kind: str, context: dict[str, Any], message: str) -> str:
    match kind:
        case "literal_error" | "enum":
            return f"allowed: {context['expected']}"
        case "int_type" | "int_parsing" | "int_from_float":
            return "allowed: a whole number"
        case "string_type":
            return "allowed: a text (put quotes around numbers)"
        case "greater_than_equal":
            return f"allowed: {context['ge']} or more"
        case "greater_than":
            return f"allowed: more than {context['gt']}"
        case "too_short" | "string_too_short":
            return f"allowed: at least {context['min_length']}"
        case "less_than_equal":
            return f"allowed: {context['le']} or less"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "allowed: a mapping of keys to values"
        case "list_type" | "tuple_type":
            return "allowed: a list"
        case "value_error":
            return str(context["error"])
        case _:
            return message


def _keys_beside(schema: type[BaseModel], location: Location) -> list[str]:
    """The keys that are allowed where the last part of the location was found."""
    current: Any = schema
    for part in location[:-1]:
        if isinstance(part, int):  # an element of a list, whose schema was taken already
            continue
        if get_origin(current) is dict:
            current = get_args(current)[1]
        else:
            fields = {_spelt(name, field): field.annotation for name, field in current.model_fields.items()}
            current = fields[str(part)]
        current = _inner(current)
    return [_spelt(name, field) for name, field in current.model_fields.items()]


def _inner(annotation: Any) -> Any:
    """The schema or the mapping inside an optional group or a list."""
    if _is_schema(annotation) or get_origin(annotation) is dict:
        return annotation
    found = (_inner(option) for option in get_args(annotation))
    return next((option for option in found if _is_schema(option) or get_origin(option) is dict), annotation)


def _is_schema(option: object) -> bool:
    return isinstance(option, type) and issubclass(option, BaseModel)


def _spelt(name: str, field: Any) -> str:
    return str(field.alias or name)


def _show(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
