"""Regular expressions without one of their alternatives. Knows the syntax of `re` as far as groups and bars go."""

import re
from collections.abc import Iterator
from itertools import pairwise

_OPENING = re.compile(r"\((?:\?(?:[:=!]|<[=!]|P<\w+>|[aiLmsux-]*:))?")


def without_an_alternative(pattern: str) -> Iterator[tuple[str, str]]:
    """What is gone and what is left, for each alternative of the pattern and of each of its groups."""
    for start, end in _groups(pattern):
        bars = _bars(pattern, start, end)
        cuts = [start - 1, *bars, end]
        for low, high in pairwise(cuts):
            if bars and low in bars:
                yield pattern[low + 1 : high], pattern[:low] + pattern[high:]
            elif bars:
                yield pattern[low + 1 : high], pattern[: low + 1] + pattern[high + 1 :]


def _groups(pattern: str) -> list[tuple[int, int]]:
    """Start and end of the whole pattern and of the inside of every group."""
    found, opened = [(0, len(pattern))], []
    for index, character in _unescaped(pattern):
        if character == "(" and (prefix := _OPENING.match(pattern, index)):
            opened.append(prefix.end())
        elif character == ")":
            found.append((opened.pop(), index))
    return found


def _bars(pattern: str, start: int, end: int) -> list[int]:
    """Where alternatives part between two places, outside the groups in between."""
    depth, bars = 0, []
    for index, character in _unescaped(pattern):
        if start <= index < end:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "|" and depth == 0:
                bars.append(index)
    return bars


def _unescaped(pattern: str) -> Iterator[tuple[int, str]]:
    """Characters that are neither escaped nor in a class such as `[^|]`."""
    index, class_began = 0, -1
    while index < len(pattern):
        character = pattern[index]
        if character == "\\":
            index += 1
        elif class_began >= 0:
            if character == "]" and index > class_began:
                class_began = -1
        elif character == "[":
            class_began = index + 1 + (pattern[index + 1 : index + 2] == "^")  # a bracket here stands for itself
        else:
            yield index, character
        index += 1
