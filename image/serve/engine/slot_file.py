"""The file of a slot: what llama.cpp writes of a sequence, and behind it a seal that says whose it is.

llama.cpp reads no further than its own part, so its server takes these files, too. Ours takes none without a seal:
state of other weights would be wrong text, and what a damaged one does nobody knows.
"""

from __future__ import annotations

import hashlib
import os
import struct
from pathlib import Path

from serve.engine.errors import StateError

_SEAL = struct.Struct("<8sI16s32s")  # mark, tokens, of which model, hash of all before the hash
_MARK = b"slipslot"
_BLOCK_BYTES = 1 << 20


def seal(path: Path, num_tokens: int, fingerprint: str) -> int:
    """Say so behind what is in the file, and wait until it is on the disk. Returns how many bytes it has."""
    with path.open("rb+") as file:
        size = file.seek(0, os.SEEK_END)
        told = struct.pack("<8sI16s", _MARK, num_tokens, fingerprint.encode())
        file.write(told + _hash(path, size, told))
        file.flush()
        os.fsync(file.fileno())
        return size + _SEAL.size


def place(partial: Path, path: Path) -> None:
    """Give a sealed file its name, and wait until that is on the disk, too."""
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_seal(path: Path, fingerprint: str) -> int:
    """How many tokens it has. StateError: it is damaged, or not of this model and library."""
    size = path.stat().st_size - _SEAL.size
    with path.open("rb") as file:
        file.seek(max(size, 0))
        raw = file.read(_SEAL.size)
    if len(raw) < _SEAL.size or not raw.startswith(_MARK):
        raise StateError(f"{path.name} is not a slot that this server saved")
    _, num_tokens, model, digest = _SEAL.unpack(raw)
    if _hash(path, size, raw[: -len(digest)]) != digest:
        raise StateError(f"{path.name} is damaged")
    if model != fingerprint.encode():
        raise StateError(f"{path.name} was saved with other weights, or another version of llama.cpp")
    return int(num_tokens)


def _hash(path: Path, size: int, more: bytes) -> bytes:
    """Of the first bytes of a file, and of what follows them."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, _BLOCK_BYTES))):
            digest.update(block)
            size -= len(block)
    digest.update(more)
    return digest.digest()
