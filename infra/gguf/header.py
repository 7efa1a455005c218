"""The header of a GGUF file, version 2 or 3, little endian: metadata and the list of tensors.

    magic GGUF, version (u32), number of tensors and of metadata (u64), metadata: key, type, value; tensors: name,
    dimensions, type, offset; then the data, aligned. Texts and arrays have a u64 of length before them.

The file may come from anybody: counts, lengths, nesting and types are bounded, and a tensor must lie within its file.
"""

import struct
from collections.abc import Iterator
from typing import Final

from infra.gguf.cursor import Cursor, Read
from infra.gguf.types import TENSOR_TYPES, GgufError, Header, Long, Scalar, Tensor, Value

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
MAX_TENSORS: Final = 1_000_000
MAX_METADATA: Final = 100_000
MAX_KEY_BYTES: Final = 65_535
MAX_ARRAY: Final = 2**22
MAX_DEPTH: Final = 4
MAX_DIMENSIONS: Final = 4
MAX_ELEMENTS: Final = 2**60
KEPT_ARRAY: Final = 4096
"""Longer arrays are counted and left out: vocabularies, scores and merges."""
DEFAULT_ALIGNMENT: Final = 32

_STRING, _ARRAY, _BOOL = 8, 9, 7
_CODES: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", _BOOL: "?", 10: "Q", 11: "q", 12: "d"}


def read_header(read: Read, file_bytes: int | None = None) -> Header:
    """GgufError where it can't be read. With `file_bytes`, tensors that would lie beyond the end are refused, too."""
    cursor = Cursor(read)
    version = _version(cursor)
    num_tensors = cursor.length(MAX_TENSORS, "number of tensors")
    metadata = dict(_metadata(cursor, cursor.length(MAX_METADATA, "number of metadata")))
    tensors = tuple(_tensors(cursor, num_tensors))
    alignment = _alignment(metadata)
    header = Header(version, metadata, tensors, -(-cursor.offset // alignment) * alignment)
    if file_bytes is not None:
        _check_end(header, file_bytes)
    return header


def _version(cursor: Cursor) -> int:
    magic = bytes(cursor.take(4, "magic"))
    if magic != MAGIC:
        raise GgufError(f"it begins with {magic!r}, so it is no GGUF file; allowed: {MAGIC!r}")
    version = cursor.number("I", "version")
    if version.to_bytes(4, "little")[:2] == b"\0\0":
        raise GgufError("it is big endian, which only some mainframes read; allowed: little endian")
    if version not in VERSIONS:
        raise GgufError(f"version {version} is not allowed; allowed: {', '.join(map(str, VERSIONS))}")
    return version


def _metadata(cursor: Cursor, count: int) -> Iterator[tuple[str, Value]]:
    seen: set[str] = set()
    for _ in range(count):
        key = cursor.text("a key", MAX_KEY_BYTES)
        if key in seen:
            raise GgufError(f"{key}: is there twice")
        seen.add(key)
        yield key, _value(cursor, cursor.number("I", f"type of {key}"), key)


def _value(cursor: Cursor, kind: int, key: str) -> Value:
    if kind == _STRING:
        return cursor.text(key)
    if kind == _ARRAY:
        return _array(cursor, key)
    return _scalar(cursor, kind, key)


def _scalar(cursor: Cursor, kind: int, key: str) -> Scalar:
    code = _code(kind, key)
    found: Scalar = struct.unpack("<" + code, cursor.take(struct.calcsize("<" + code), key))[0]
    return found


def _array(cursor: Cursor, key: str, depth: int = 1) -> tuple[Scalar, ...] | Long:
    kind = cursor.number("I", f"type of {key}")
    length = cursor.length(MAX_ARRAY, f"length of {key}")
    if kind == _ARRAY:
        if depth == MAX_DEPTH:
            raise GgufError(f"{key}: arrays within arrays; allowed: {MAX_DEPTH} deep")
        for _ in range(length):
            _array(cursor, key, depth + 1)
        return Long(length)
    if length > KEPT_ARRAY:
        _skip(cursor, kind, length, key)
        return Long(length)
    if kind == _STRING:
        return tuple(cursor.text(key) for _ in range(length))
    return tuple(_scalar(cursor, kind, key) for _ in range(length))


def _skip(cursor: Cursor, kind: int, length: int, key: str) -> None:
    if kind != _STRING:
        cursor.skip(length * struct.calcsize("<" + _code(kind, key)), key)
        return
    for _ in range(length):
        cursor.skip(cursor.number("Q", key), key)


def _code(kind: int, key: str) -> str:
    code = _CODES.get(kind)
    if code is None:
        raise GgufError(f"{key}: type {kind} is not allowed; allowed: 0 to 12")
    return code


def _tensors(cursor: Cursor, count: int) -> Iterator[Tensor]:
    seen: set[str] = set()
    for _ in range(count):
        name = cursor.text("a tensor's name", MAX_KEY_BYTES)
        if name in seen:
            raise GgufError(f"tensor {name}: is there twice")
        seen.add(name)
        num_dimensions = cursor.number("I", f"dimensions of {name}")
        if num_dimensions > MAX_DIMENSIONS:
            raise GgufError(f"tensor {name}: {num_dimensions} dimensions; allowed: {MAX_DIMENSIONS} or less")
        shape = tuple(cursor.number("Q", f"shape of {name}") for _ in range(num_dimensions))
        yield _tensor(name, shape, cursor.number("I", f"type of {name}"), cursor.number("Q", f"offset of {name}"))


def _tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> Tensor:
    if kind not in TENSOR_TYPES:
        raise GgufError(f"tensor {name}: type {kind} is not known")
    type_name, block, block_bytes = TENSOR_TYPES[kind]
    elements = Tensor(name, shape, type_name, offset, 0).num_elements
    if elements > MAX_ELEMENTS or 0 in shape:
        raise GgufError(f"tensor {name}: shape {shape} is not allowed; allowed: 1 to {MAX_ELEMENTS} elements")
    if (shape[0] if shape else 1) % block:
        raise GgufError(f"tensor {name}: rows of {shape[0] if shape else 1} are not whole blocks of {type_name}")
    return Tensor(name, shape, type_name, offset, elements // block * block_bytes)


def _alignment(metadata: dict[str, Value]) -> int:
    found = metadata.get("general.alignment", DEFAULT_ALIGNMENT)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1 or found & (found - 1) or found > 2**20:
        raise GgufError(f"general.alignment: {found!r} is not allowed; allowed: a power of two")
    return found


def _check_end(header: Header, file_bytes: int) -> None:
    for tensor in header.tensors:
        end = header.data_offset + tensor.offset + tensor.num_bytes
        if end > file_bytes:
            raise GgufError(f"tensor {tensor.name}: ends at byte {end}, the file has {file_bytes}")
