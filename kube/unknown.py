"""UNKNOWN: a value that a preview can't know yet, such as the digest of an image that is still to be built.

It is inert, so a rule that meets it goes on: it equals nothing, is in nothing, is neither smaller nor larger, and
arithmetic with it stays unknown. That it was read is not lost: `view.py` writes it down, `evaluate.py` reports it.
"""

from typing import Any, Final


class Unknown:
    """The type of UNKNOWN, its only instance."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> str:
        return "UNKNOWN"  # a copy is the same one

    def _is_not(self, _other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _is_not

    def _stays(self, _other: object) -> "Unknown":
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _stays


UNKNOWN: Final = Unknown()


def is_unknown(*values: Any) -> bool:
    """Whether any of the values is UNKNOWN itself; looks into tuples and lists, not into mappings."""
    return any(
        value is UNKNOWN or (isinstance(value, tuple | list | set | frozenset) and is_unknown(*value))
        for value in values
    )
