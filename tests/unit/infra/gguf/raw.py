"""GGUF headers byte by byte, right ones and wrong ones, and reading them from memory."""

import struct

from infra.gguf.cursor import Read


def u32(number: int) -> bytes:
    """Little endian."""
    return struct.pack("<I", number)


def u64(number: int) -> bytes:
    """Little endian."""
    return struct.pack("<Q", number)


def text(value: str | bytes) -> bytes:
    """Its length, then itself."""
    raw = value.encode() if isinstance(value, str) else value
    return u64(len(raw)) + raw


def pair(key: str, kind: int, value: bytes) -> bytes:
    """One entry of the metadata."""
    return text(key) + u32(kind) + value


def tensor(name: str, *shape: int, kind: int = 0, offset: int = 0) -> bytes:
    """One line of the list of tensors."""
    return text(name) + u32(len(shape)) + b"".join(map(u64, shape)) + u32(kind) + u64(offset)


def file(*metadata: bytes, tensors: tuple[bytes, ...] = (), version: int = 3) -> bytes:
    """A header with what is given."""
    counts = u64(len(tensors)) + u64(len(metadata))
    return b"GGUF" + u32(version) + counts + b"".join(metadata) + b"".join(tensors)


def reading(content: bytes) -> Read:
    """As a file would be read."""
    return lambda offset, length: content[offset : offset + length]
