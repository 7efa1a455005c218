"""JSON text -> plain data, strictly: no key twice, no NaN, no nesting without end. Knows nothing of its meaning.

Several values may follow one another, as kubectl takes them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isinf
from typing import Any

from kube.errors import SourceError, TooMuch
from kube.sources.yaml_text import MAX_DEPTH

MAX_COMMAS = 5_000_000
"""Of one text: a bound for its values that is known before they are made."""

_SPACE = re.compile(r"[ \t\r\n]*")


def values(text: str, name: str) -> Iterator[tuple[Any, int]]:
    """All values with the line on which each begins; SourceError where it is not JSON."""
    if text.count(",") > MAX_COMMAS:
        raise TooMuch(f"{name}: more than {MAX_COMMAS:,} values: split it")
    position, line, counted = _space(text, 0), 1, 0
    while position < len(text):
        line, counted = line + text.count("\n", counted, position), position
        value, end = _decode(text, position, f"{name}:{line}", name)
        if _is_deep(value):
            raise SourceError(f"{name}:{line}: nested deeper than {MAX_DEPTH} levels")
        yield value, line
        position = _space(text, end)


def _decode(text: str, position: int, where: str, name: str) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except json.JSONDecodeError as error:
        raise SourceError(f"{name}:{error.lineno}: not JSON: {error.msg}") from None
    except RecursionError:
        raise SourceError(f"{where}: nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise SourceError(f"{where}: not JSON: {error}") from None


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for each in level
            for child in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:80]!r} is there twice in one object")
    return data


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _float(text: str) -> Any:
    number = float(text)
    return int(number) if number.is_integer() else text if isinf(number) else number


def _integer(text: str) -> Any:
    return int(text) if len(text) <= 400 else text


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_integer)
