"""Pydantic's findings -> sentences that name the key, the value and what is allowed.

Shared by the two edges that parse what people write: the stack's settings and the catalog.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError


def describe(error: ValidationError, key: Callable[[tuple[int | str, ...]], str]) -> Iterator[str]:
    """One sentence per finding; `key` spells a location the way the file's reader knows it."""
    for found in error.errors(include_url=False):
        name = key(found["loc"])
        kind, context = found["type"], found.get("ctx", {})
        if kind == "missing":
            yield f"{name}: is missing"
        elif kind == "extra_forbidden":
            yield f"{name}: unknown key"
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


def _show(value: object) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
