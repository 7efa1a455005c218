"""Which of all mistakes in a body is told: its place in the body, what is there, and what is allowed. Pure.

Where a value may be of several types pydantic says of each why it is not of it, with the type's own name in the place.
The one that got furthest into the body is the one that was meant; the names of types are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from serve.errors import InvalidRequestError

MOST_LOOKED_AT = 1000
"""A list of a million wrong items has as many mistakes, and the first will do."""

MOST_SHOWN = 80  # characters of a wrong value

_Place = tuple[str | int, ...]


def refusal(error: ValidationError, raw: bytes) -> InvalidRequestError:
    """Of a body that is not of its type: names the first wrong field, its value and what is allowed."""
    errors = error.errors(include_url=False)
    if errors[0]["type"] == "json_invalid":
        return InvalidRequestError(f"the body is not valid JSON: {errors[0]['ctx']['error']}")
    place, shown, message = first_mistake(errors, from_json(raw))
    field = ".".join(map(str, place))
    shown = shown if len(shown) <= MOST_SHOWN else f"{shown[: MOST_SHOWN - 3]}..."
    return InvalidRequestError(f"{field or 'the body'} is {shown}: {message}", param=field or None)


def first_mistake(errors: Sequence[Mapping[str, Any]], body: Any) -> tuple[_Place, str, str]:
    """Its place, the value there as it is quoted, and what is allowed. `body` is as it came, parsed."""
    places = [_place(error, body) for error in islice(errors, MOST_LOOKED_AT)]
    first = places[0]
    deepest = max(range(len(places)), key=lambda i: len(places[i]) if places[i][: len(first)] == first else -1)
    error, place = errors[deepest], places[deepest]
    if error["type"] == "union_tag_invalid":  # pydantic's own words name our functions
        return (*place, "type"), repr(error["ctx"]["tag"]), f"input should be {error['ctx']['expected_tags']}"
    if error["type"] == "union_tag_not_found":
        return place, repr(error["input"]), "input should be an object with a type"
    message = str(error["msg"])
    return place, repr(error["input"]), message[0].lower() + message[1:]


def _place(error: Mapping[str, Any], body: Any) -> _Place:
    place: list[str | int] = []
    *_, last = error["loc"] or ("",)
    for part in error["loc"]:
        if body == error["input"]:  # the rest are names of types, or what is missing
            break
        if (isinstance(body, dict) and part in body) or (
            isinstance(body, list) and isinstance(part, int) and part < len(body)
        ):
            body = body[part]
            place.append(part)
    if error["type"] == "missing":
        place.append(last)
    return tuple(place)
