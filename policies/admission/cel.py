"""What a rule demands, in CEL: text with a few names that the generated policies define.

In `container` the container is `c`, one of those in `among`. `variables.spec` and `variables.metadata` are those of the
pod or of the template of pods, `variables.object` the whole object; `generate.VARIABLES` has the rest. None of them is
typed: one expression serves every kind, so every field that may be absent is read as `?field`. The API server has
dropped nulls and filled in its defaults before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.settings import Settings


@dataclass(frozen=True, slots=True)
class Expressions:
    """What must be true of every container, of the pod, of the object; None where nothing is demanded."""

    container: str | None = None
    pod: str | None = None
    object: str | None = None
    among: str = "containers"
    kinds: frozenset[str] | None = None  # where a rule is about all kinds, and CEL is not


NOTHING = Expressions()
"""What a rule demands under settings that it does not apply to."""
WINDOWS = "variables.spec.?os.?name.orValue('') == 'windows'"
Table = Mapping[str, Expressions | Callable[[Settings], Expressions]]
"""By id of the rule."""


def literal(value: Any) -> str:
    """Text, a number, a list or a mapping of them as CEL writes it, which is as JSON does."""
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return json.dumps(list(value), ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def field(path: str, default: str) -> str:
    """`c.a.b` with a default where any of it is absent: `c.?a.?b.orValue(default)`."""
    owner, _, rest = path.partition(".")
    if owner == "variables":
        name, _, rest = rest.partition(".")
        owner = f"{owner}.{name}"
    return f"{owner}.?{rest.replace('.', '.?')}.orValue({default})"


def positive(path: str) -> str:
    """Whether a quantity that may be absent is more than nothing."""
    return f"quantity({path}.orValue('0')).isGreaterThan(quantity('0'))"


def every(*conditions: str) -> str:
    """All of them."""
    return " && ".join(f"({condition})" for condition in conditions) if len(conditions) > 1 else conditions[0]


def either(*conditions: str) -> str:
    """At least one of them."""
    return " || ".join(f"({condition})" for condition in conditions) if len(conditions) > 1 else conditions[0]
