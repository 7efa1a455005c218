"""The answers of several servers to the same question, as one. Pure: JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

Json = dict[str, Any]

SUMS: Final = frozenset({"num_turns", "deleted_turns", "memory_bytes", "memory_used_bytes", "memory_total_bytes"})
"""Numbers of which there is one in all: everything else is the first server's."""
BY_TIME: Final = "timestamp"


def merge(answers: Sequence[Json]) -> Json:
    """Lists one after the other, in the order of the servers; what has a time in the order of the times."""
    whole: Json = {}
    for answer in answers:
        for key, value in answer.items():
            whole[key] = _joined(key, whole[key], value) if key in whole else value
    return {key: _in_order(value) for key, value in whole.items()}


def _joined(key: str, mine: Any, other: Any) -> Any:
    if isinstance(mine, list) and isinstance(other, list):
        return [*mine, *other]
    if isinstance(mine, dict) and isinstance(other, dict):
        return merge([mine, other])
    return mine + other if key in SUMS else mine


def _in_order(value: Any) -> Any:
    """Of one user's turns with several models."""
    if isinstance(value, list) and value and all(isinstance(each, dict) and BY_TIME in each for each in value):
        return sorted(value, key=lambda each: each[BY_TIME])
    return value
