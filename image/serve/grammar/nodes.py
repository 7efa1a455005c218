"""Grammars as values: what JSON Schema, regular expressions and GBNF texts all become before anything is decided.

A node is a set of texts. `Alt(())` is the empty set, `Seq(())` the empty text. Nothing here knows what texts mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LAST_CODE_POINT = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Exactly this text, of at least one character."""

    text: str


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of ranges that are sorted and do not touch."""

    ranges: Ranges


@dataclass(frozen=True, slots=True)
class Ref:
    """Whatever the rule of this name says."""

    name: str


@dataclass(frozen=True, slots=True)
class Seq:
    """One after the other."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alt:
    """One of them. `exclusive`: they part for good within a bounded number of characters, whatever comes."""

    options: tuple[Node, ...]
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Repeat:
    """Again and again; `most` None is without end."""

    item: Node
    least: int
    most: int | None


Node = Text | Chars | Ref | Seq | Alt | Repeat

EMPTY = Seq(())
NOTHING = Alt(())


def seq(*items: Node | str) -> Node:
    """The parts one after the other, flat, with neighbouring texts joined."""
    flat: list[Node] = []
    for part in items:
        item: Node = (Text(part) if part else EMPTY) if isinstance(part, str) else part
        for piece in item.items if isinstance(item, Seq) else (item,):
            last = flat[-1] if flat else None
            if isinstance(piece, Text) and isinstance(last, Text):
                flat[-1] = Text(last.text + piece.text)
            else:
                flat.append(piece)
    if any(is_nothing(piece) for piece in flat):
        return NOTHING
    return flat[0] if len(flat) == 1 else Seq(tuple(flat))


def alt(options: Iterable[Node], *, exclusive: bool = False) -> Node:
    """One of the options, without those that nothing fits and without doubles."""
    kept: list[Node] = []
    seen: set[Node] = set()  # only the short ones: hashing a tree walks through it
    for option in options:
        if isinstance(option, Text | Ref | Chars):
            if option in seen:
                continue
            seen.add(option)
        elif is_nothing(option):
            continue
        kept.append(option)
    return kept[0] if len(kept) == 1 else Alt(tuple(kept), exclusive)


def is_nothing(node: Node) -> bool:
    """Is it the set without any text?"""
    return isinstance(node, Alt) and not node.options


def optional(item: Node) -> Node:
    """The item, or nothing at all."""
    return repeat(item, 0, 1)


def repeat(item: Node, least: int, most: int | None) -> Node:
    """The item so many times."""
    if is_nothing(item):
        return EMPTY if least == 0 else NOTHING
    if most == 0 or item == EMPTY:
        return EMPTY
    return item if (least, most) == (1, 1) else Repeat(item, least, most)


def may_be_empty(node: Node) -> bool:
    """Is the empty text one of the texts of a node without references?"""
    if isinstance(node, Seq):
        return all(may_be_empty(item) for item in node.items)
    if isinstance(node, Alt):
        return any(may_be_empty(option) for option in node.options)
    return isinstance(node, Repeat) and (node.least == 0 or may_be_empty(node.item))


def not_empty(node: Node) -> Node:
    """The node's texts but the empty one."""
    if not may_be_empty(node):
        return node
    if isinstance(node, Alt):
        return alt(not_empty(option) for option in node.options)
    if isinstance(node, Repeat):
        return repeat(node.item, 1, node.most)
    if isinstance(node, Seq):
        return alt(seq(not_empty(item), *node.items[at + 1 :]) for at, item in enumerate(node.items))
    return NOTHING


def chars(*parts: str | tuple[int, int]) -> Chars:
    """A character class out of single characters (given as one text) and ranges."""
    ranges = [(ord(char), ord(char)) for part in parts if isinstance(part, str) for char in part]
    return Chars(joined([*ranges, *(part for part in parts if isinstance(part, tuple))]))


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same characters as sorted ranges that neither overlap nor touch."""
    result: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        elif low <= high:
            result.append((low, high))
    return tuple(result)


def without(ranges: Ranges, taken: Ranges) -> Ranges:
    """The characters of the first that the second does not have."""
    result: list[tuple[int, int]] = []
    for low, high in ranges:
        start = low
        for taken_low, taken_high in taken:
            if taken_high < start or taken_low > high:
                continue
            if taken_low > start:
                result.append((start, taken_low - 1))
            start = taken_high + 1
        if start <= high:
            result.append((start, high))
    return tuple(result)


def common(one: Ranges, other: Ranges) -> Ranges:
    """The characters that both have."""
    return without(one, without(one, other))


# Every character that UTF-8 can carry. Positive ranges on purpose: llama.cpp's [^...] also lets broken UTF-8 pass.
# Not NUL, which ends a token's text in llama.cpp and never matches.
ANY: Ranges = ((1, 0xD7FF), (0xE000, LAST_CODE_POINT))
