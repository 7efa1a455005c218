"""Tests of serve.codec. What it does to all messages is tested with ipc."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec
import pytest

from serve.codec import Codec, CodecError


class Colour(StrEnum):
    """Two."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field."""

    size: int


@dataclass(frozen=True, slots=True)
class Bare:
    """None."""


@dataclass(frozen=True, slots=True)
class Tree:
    """All shapes that fields have."""

    name: str
    leaf: Leaf | None
    leaves: tuple[Leaf | Bare, ...]
    colour: Colour
    pairs: tuple[tuple[int, float], ...]
    parts: tuple[int | str, ...]
    data: bytes


CODEC = Codec(Tree | Bare)
TREE = Tree("t", Leaf(1), (Leaf(2), Bare()), Colour.BLUE, ((1, 0.5),), (1, "a"), b"\xff")


def test_values_come_back_equal() -> None:
    """Whatever is inside what."""
    for value in (TREE, Bare(), Tree("", None, (), Colour.RED, (), (), b"")):
        assert CODEC.decode(CODEC.encode(value)) == value


def test_fields_are_told_by_their_place() -> None:
    """Only the class has a name on the wire."""
    assert msgspec.msgpack.decode(CODEC.encode(TREE)) == [
        "Tree",
        "t",
        ["Leaf", 1],
        [["Leaf", 2], ["Bare"]],
        "blue",
        [[1, 0.5]],
        [1, "a"],
        b"\xff",
    ]


@pytest.mark.parametrize("row", [["Leaf", 1], ["Tree"], ["Bare", 1], ["Nothing"], [], {}, None])
def test_what_is_none_of_them_is_an_error(row: object) -> None:
    """A class that is only inside of others is not one by itself."""
    with pytest.raises(CodecError):
        CODEC.decode(msgspec.msgpack.encode(row))


@pytest.mark.parametrize("value", [Leaf(2**64), Tree("\ud800", None, (), Colour.RED, (), (), b""), 5])
def test_what_has_no_form_can_not_be_written(value: object) -> None:
    """Numbers of more than 64 bits, halves of characters, other classes."""
    with pytest.raises(CodecError, match="can't be written"):
        Codec(Tree | Bare | Leaf).encode(value)
