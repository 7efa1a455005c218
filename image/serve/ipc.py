"""Messages as length-prefixed JSON frames: a pure codec, and one end of a socket for the worker's threads.

A frame is four bytes of length, big-endian, then a JSON object: the message's fields, and its class name under "is".
Whatever can't be such a frame raises FrameError: a worker that sends it is not to be trusted any more.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any

from serve.messages import Message

MAX_FRAME_BYTES = 64 * 1024 * 1024
_HEADER = struct.Struct(">I")
_KIND = "is"


class FrameError(Exception):
    """The other end did not speak the protocol."""


def encode(message: Message) -> bytes:
    """One frame."""
    body = json.dumps(_plain(message), ensure_ascii=True, separators=(",", ":")).encode()
    if len(body) > MAX_FRAME_BYTES:
        raise FrameError(f"a {type(message).__name__} of {len(body)} bytes is too large: {MAX_FRAME_BYTES} are allowed")
    return _HEADER.pack(len(body)) + body


class Decoder:
    """Bytes in any pieces -> messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Every message that is complete now."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            (size,) = _HEADER.unpack_from(self._buffer)
            if size > MAX_FRAME_BYTES:
                raise FrameError(f"a frame of {size} bytes was announced: {MAX_FRAME_BYTES} are allowed")
            end = _HEADER.size + size
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            yield _decode(body)


class Channel:
    """A worker's end: any thread may send, one thread receives."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._decoder = Decoder()
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Blocks while the other end is behind."""
        frame = encode(message)
        with self._lock:
            self._socket.sendall(frame)

    def receive(self) -> Iterator[Message]:
        """Until the other end closes."""
        while data := self._socket.recv(65536):
            yield from self._decoder.feed(data)


def _decode(body: bytes) -> Message:
    try:
        data = json.loads(body)
        message: Message = _value(_classes()[data[_KIND]], data)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FrameError(f"not a message: {error!r}") from error
    return message


def _plain(value: object) -> object:
    """Dataclasses as objects with their class name, everything else as JSON has it."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {_KIND: type(value).__name__, **{f.name: _plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _value(wanted: Any, data: Any) -> Any:
    """JSON data as a value of the wanted type, checked all the way down."""
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (types.UnionType, typing.Union):
        return _one_of(args, data)
    if origin is tuple:
        items = args[:1] * len(data) if args[-1] is Ellipsis else args
        if not isinstance(data, list) or len(items) != len(data):
            raise TypeError(f"{data!r} is not a {wanted}")
        return tuple(_value(item, each) for item, each in zip(items, data, strict=True))
    if isinstance(wanted, type) and is_dataclass(wanted):
        hints = _hints(wanted)
        if data[_KIND] != wanted.__name__ or len(data) != len(hints) + 1:
            raise TypeError(f"{data!r} is not a {wanted.__name__}")
        return wanted(**{name: _value(hint, data[name]) for name, hint in hints.items()})
    if issubclass(wanted, Enum):
        return wanted(data)
    return _scalar(wanted, data)


def _one_of(args: tuple[Any, ...], data: Any) -> Any:
    if data is None and type(None) in args:
        return None
    if isinstance(data, dict):
        return _value({a.__name__: a for a in args}[data[_KIND]], data)
    return _value(next(a for a in args if a is not type(None)), data)


def _scalar(wanted: Any, data: Any) -> Any:
    if wanted is float and type(data) is int:
        return float(data)
    if type(data) is not wanted:
        raise TypeError(f"{data!r} is not a {wanted.__name__}")
    return data


@cache
def _classes() -> dict[str, Any]:
    return {c.__name__: c for c in typing.get_args(Message)}


@cache
def _hints(wanted: Any) -> dict[str, Any]:
    return typing.get_type_hints(wanted)
