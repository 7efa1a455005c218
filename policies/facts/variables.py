"""The environment of a container, as far as the manifest spells it out. Knows no meaning of any variable."""

from __future__ import annotations

import re
from typing import Any

from kube.view import View

ELSEWHERE = ""
"""The value of what is set, but not by this manifest: by a ConfigMap, a Secret, the image."""
_REFERENCE = re.compile(r"\$(?:\((\w+)\)|\{(\w+)\}|(\w+))")


def find(container: View, name: str) -> View | None:
    """The entry of that name; of several the last, which wins."""
    return next((each for each in reversed(container.items("env")) if each.text("name") == name), None)


def literal(container: View, name: str) -> Any:
    """The value as written; None where it is not set, empty where it comes from elsewhere."""
    entry = find(container, name)
    value = None if entry is None else entry.text("value")
    return ELSEWHERE if entry is not None and value is None else value


def is_on(container: View, name: str) -> Any:
    """Whether a switch is on: 1 or true. UNKNOWN where its value is not known yet."""
    value = literal(container, name)
    return value.strip().lower() in ("1", "true") if isinstance(value, str) else value


def may_come_from_elsewhere(container: View) -> bool:
    """Whether a whole ConfigMap or Secret becomes variables: then none can be said to be absent."""
    return container.get("envFrom") not in (None, [])


def is_reference(value: Any) -> bool:
    """Whether the text stands for a variable: `$(A)` for Kubernetes, `$A` or `${A}` for a shell."""
    return isinstance(value, str) and _REFERENCE.search(value) is not None


def resolve(container: View, value: Any) -> Any:
    """The text, or the value of the variable that it stands for; empty where that comes from elsewhere."""
    if not is_reference(value):
        return value
    match = _REFERENCE.fullmatch(value)
    found = literal(container, next(filter(None, match.groups()))) if match else None
    return ELSEWHERE if found is None else found
