"""Dataclasses as msgpack: by position, checked all the way down. msgspec checks; this only tells it what to expect.

Each class gets a mirror, a msgspec Struct of the same fields that is written as an array with the class's name first.
So frozen dataclasses stay what the code knows, and the bytes are read and checked in C. Any part of a value that is not
exactly as its class declares is a CodecError: too few fields, too many, another type, an unknown name.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any

import msgspec

Change = Callable[[Any], Any]


class CodecError(Exception):
    """This can't be written, or is not what was to be read."""


class Codec:
    """For the values of one union of dataclasses, and all that is inside them."""

    def __init__(self, union: Any) -> None:
        self._mirrors: dict[type, type[msgspec.Struct]] = {}
        self._packers: dict[type, Change] = {}
        self._unpackers: dict[type, Change] = {}  # by mirror
        wanted = self._mirrored(union)
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(wanted)

    def encode(self, value: object) -> bytes:
        """As bytes."""
        try:
            return self._encoder.encode(self._packers[type(value)](value))
        except (msgspec.MsgspecError, ValueError, OverflowError, TypeError, KeyError) as error:
            raise CodecError(f"a {type(value).__name__} can't be written: {error}") from error

    def decode(self, data: bytes) -> Any:
        """Back again."""
        try:
            mirror = self._decoder.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise CodecError(f"{error}") from error
        return self._unpackers[type(mirror)](mirror)

    # ---- once per class, at the start ----

    def _mirrored(self, hint: Any) -> Any:
        """The same type with mirrors for dataclasses."""
        origin, args = typing.get_origin(hint), typing.get_args(hint)
        if origin in (types.UnionType, typing.Union):
            return typing.Union[tuple(self._mirrored(arg) for arg in args)]  # noqa: UP007  (made of a tuple)
        if origin is tuple:
            return tuple[tuple(arg if arg is Ellipsis else self._mirrored(arg) for arg in args)]  # type: ignore[misc]
        if isinstance(hint, type) and is_dataclass(hint):
            return self._mirrors.get(hint) or self._mirror(hint)
        return hint

    def _mirror(self, cls: type) -> type[msgspec.Struct]:
        hints = typing.get_type_hints(cls)
        names = [field.name for field in fields(cls)]
        mirror = msgspec.defstruct(
            cls.__name__,
            [(name, self._mirrored(hints[name])) for name in names],
            tag=cls.__name__,
            array_like=True,
            forbid_unknown_fields=True,
            gc=False,
        )
        self._mirrors[cls] = mirror
        pack = _row(names, {name: self._packing(hints[name]) for name in names})
        unpack = _row(names, {name: self._unpacking(hints[name]) for name in names})
        self._packers[cls] = lambda value: (cls.__name__, *pack(value))
        self._unpackers[mirror] = lambda value: cls(*unpack(value))
        return mirror

    def _packing(self, hint: Any) -> Change | None:
        """What has to happen to a value of this type before msgspec can write it. None: nothing."""
        packers = self._packers
        return _change(hint, lambda value: packers[type(value)](value) if type(value) in packers else value)

    def _unpacking(self, hint: Any) -> Change | None:
        unpackers = self._unpackers
        return _change(hint, lambda value: unpackers[type(value)](value) if type(value) in unpackers else value)


def _row(names: list[str], changes: dict[str, Change | None]) -> Change:
    """A function that takes the fields of an object, each changed as it must be."""
    if not names:
        return lambda _: ()
    get = attrgetter(*names) if len(names) > 1 else _single(names[0])
    changed = [(index, change) for index, name in enumerate(names) if (change := changes[name]) is not None]
    if not changed:
        return get

    def row(value: Any) -> list[Any]:
        items = list(get(value))
        for index, change in changed:
            items[index] = change(items[index])
        return items

    return row


def _single(name: str) -> Change:
    get = attrgetter(name)
    return lambda value: (get(value),)


def _change(hint: Any, of_dataclass: Change) -> Change | None:
    """Applied to every dataclass inside values of this type. None: there is none in it."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        inner = [change for arg in args if (change := _change(arg, of_dataclass)) is not None]
        return inner[0] if inner else None
    if origin is tuple:
        return _change_items(args, of_dataclass)
    return of_dataclass if isinstance(hint, type) and is_dataclass(hint) else None


def _change_items(args: tuple[Any, ...], of_dataclass: Change) -> Change | None:
    changes = [None if arg is Ellipsis else _change(arg, of_dataclass) for arg in args]
    if not any(changes):
        return None
    assert args[-1] is Ellipsis, "a dataclass in a tuple of fixed length is not provided for"
    (each, _) = changes
    assert each is not None
    return lambda items: tuple(map(each, items))
