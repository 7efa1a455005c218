"""Messages as length-prefixed frames: a pure codec, and one end of a socket for the worker's threads.

A frame is four bytes of length, big-endian, then the message as codec.py writes it. Whatever can't be such a frame
raises FrameError: a worker that sends it is not to be trusted any more.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from functools import cache

from serve.codec import Codec, CodecError
from serve.messages import Message

MAX_FRAME_BYTES = 64 * 1024 * 1024
_HEADER = struct.Struct(">I")


class FrameError(Exception):
    """The other end did not speak the protocol."""


def encode(message: Message) -> bytes:
    """One frame."""
    try:
        body = _codec().encode(message)
    except CodecError as error:
        raise FrameError(str(error)) from error
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
        message: Message = _codec().decode(body)
    except CodecError as error:
        raise FrameError(f"not a message: {error}") from error
    return message


@cache
def _codec() -> Codec:
    return Codec(Message)
