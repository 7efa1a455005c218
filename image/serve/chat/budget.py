"""What one render of a template may cost: work, text, sizes. Pure; sandbox.py asks it at every place where cost arises.

The bounds are far above what the longest conversation needs, and far below what a machine would notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

MAX_WORK = 4_000_000  # items of loops, operations, values written; a hostile template takes seconds
MAX_TEXT = 32 * 1024 * 1024  # characters of any one string, and of all that is written
MAX_WIDTH = 10_000  # of anything padded, wrapped or repeated
MAX_BITS = 4096  # of a number
_CHARS_PER_WORK = 64
_LONG_WIDTH = re.compile(r"%[^a-zA-Z%]*(?:\*|\d{5,})|\{[^{}]*\d{5,}")  # %1000000d and {:1000000} are a megabyte each


class TooMuchWorkError(Exception):
    """The template did more than any chat template does."""


class Budget:
    """What one render may still do. Everything here raises TooMuchWorkError."""

    def __init__(self) -> None:
        self._work = MAX_WORK
        self._text = MAX_TEXT

    def spend(self, work: int = 1) -> None:
        """So much was done."""
        self._work -= work
        if self._work < 0:
            raise TooMuchWorkError(f"it does more than {MAX_WORK} steps")

    def write(self, num_chars: int) -> None:
        """So much text goes out."""
        self.spend()
        self._text -= num_chars
        if self._text < 0:
            raise TooMuchWorkError(f"it writes more than {MAX_TEXT} characters")

    def weigh(self, value: Any) -> Any:
        """Charge for the size of what was made."""
        if isinstance(value, str | bytes):
            if len(value) > MAX_TEXT:
                raise TooMuchWorkError(f"it makes a text of more than {MAX_TEXT} characters")
            self.spend(1 + len(value) // _CHARS_PER_WORK)
        elif isinstance(value, int):
            if value.bit_length() > MAX_BITS:
                raise TooMuchWorkError(f"it makes a number of more than {MAX_BITS} bits")
            self.spend()
        else:
            self.spend(1 + (len(value) if isinstance(value, list | tuple | dict | set) else 0))
        return value

    def walk(self, value: Any) -> None:
        """Charge for all that is inside: a list that holds another twice is written as if there were two."""
        waiting = [value]
        while waiting:
            found = waiting.pop()
            if isinstance(found, dict):
                waiting += [*found.keys(), *found.values()]
            elif isinstance(found, list | tuple | set):
                waiting += found
            elif isinstance(found, str):
                self.spend(1 + len(found) // _CHARS_PER_WORK)
            self.spend()


def check_numbers(values: Iterable[Any], most: int = MAX_WIDTH) -> None:
    """Widths are what functions take numbers for."""
    for value in values:
        if isinstance(value, int | float) and abs(value) > most:
            raise TooMuchWorkError(f"it passes a number above {most}")


def check_format(form: str) -> None:
    """A width inside a format passes no function."""
    if _LONG_WIDTH.search(form):
        raise TooMuchWorkError(f"it formats to a width of more than {MAX_WIDTH}")


def check_product(left: Any, right: Any) -> None:
    """`text * 10`, in either order."""
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | bytes | list | tuple) and isinstance(times, int) and len(value) * times > MAX_WIDTH:
            raise TooMuchWorkError(f"it repeats something to a length of more than {MAX_WIDTH}")


def check_replacement(text: str, args: Sequence[Any]) -> None:
    """Between all characters of a text there may be another one."""
    if len(args) >= 2 and text.count(str(args[0])) * len(str(args[1])) > MAX_TEXT:
        raise TooMuchWorkError(f"it makes a text of more than {MAX_TEXT} characters")
