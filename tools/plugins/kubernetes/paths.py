"""Property paths, as the engine writes them: `spec.template.spec.containers[0].image`, `metadata.labels["a.b/c"]`.

A path is a tuple of keys and indices. `*` in a path that the user wrote stands for any key or index.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final

from tools.plugins.kubernetes.errors import InputError

Path = tuple[str | int, ...]

WILDCARD: Final = "*"
_STEP: Final = re.compile(r'\.?(?:\["((?:[^"\\]|\\.)*)"\]|\[(\d+|\*)\]|([^.\[\]"]+))')


class Missing(Enum):
    """What `look_up` finds where there is nothing, which is not the same as null."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


def parse(text: str) -> Path:
    """Read a path; an error that names it when it is none."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            raise InputError(f"property path {text!r}: can't be read from character {at + 1} on")
        quoted, index, key = match.groups()
        if quoted is not None:
            steps.append(quoted.replace('\\"', '"'))
        elif index is not None:
            steps.append(WILDCARD if index == WILDCARD else int(index))
        else:
            steps.append(key)
        at = match.end()
    return tuple(steps)


def render(path: Path) -> str:
    """Write a path."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif any(char in step for char in '."[]'):
            text += '["' + step.replace('"', '\\"') + '"]'
        else:
            text += f".{step}" if text else step
    return text


def covers(pattern: Path, path: Path) -> bool:
    """Whether `pattern` is `path` or something above it."""
    return len(pattern) <= len(path) and all(
        wanted in (WILDCARD, step) for wanted, step in zip(pattern, path, strict=False)
    )


def look_up(value: Any, path: Path) -> Any:
    """What lies at a path, or MISSING."""
    for step in path:
        if isinstance(value, Mapping):
            value = value.get(step, MISSING)
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(step, int):
            value = value[step] if step < len(value) else MISSING
        else:
            return MISSING
    return value


def set_at(value: dict[str, Any], path: Path, new: Any) -> dict[str, Any]:
    """A copy with `new` at a path of keys; what is not an object on the way is replaced by one."""
    key, *rest = path
    below = value.get(str(key))
    inner = set_at(below if isinstance(below, dict) else {}, tuple(rest), new) if rest else new
    return {**value, str(key): inner}


def without(value: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy without what lies at a path of keys."""
    key, *rest = path
    below = value.get(str(key), MISSING)
    if rest:
        return {**value, str(key): without(below, tuple(rest))} if isinstance(below, dict) else value
    return {name: item for name, item in value.items() if name != key}
