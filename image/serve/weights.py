"""Puts a weights file into its place: whole, checked, and never half there.

The order matters: room is checked first; bytes go to a partial file in the same directory and are hashed on the way;
the partial file is flushed to disk, then renamed, then the directory is flushed. Whoever sees the name sees the whole
file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from serve.errors import SetupError

CHUNK_BYTES = 4 * 1024 * 1024
# Left free on the volume, so that a full disk does not stop everything else that writes to it.
RESERVE_BYTES = 16 * 1024 * 1024


def partial_path(target: Path) -> Path:
    """Where a file is while it is being written."""
    return target.with_name(f".{target.name}.part")


def is_right(target: Path, sha256: str, on_progress: Callable[[int], None] = lambda _: None) -> bool:
    """Is the file there with this SHA-256?"""
    return target.is_file() and file_sha256(target, on_progress) == sha256


def file_sha256(path: Path, on_progress: Callable[[int], None] = lambda _: None) -> str:
    """Hash a file. `on_progress` gets the number of bytes done."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            on_progress(done)
    return digest.hexdigest()


def check_name(file: str) -> None:
    """SetupError for what is not a plain file name."""
    if not file or Path(file).name != file:
        raise SetupError(f"the file is {file!r}: a plain file name is allowed")


def lack_of_room(folder: Path, wanted_bytes: int) -> str:
    """Why so many more bytes have no room on the volume; nothing where they have."""
    free = shutil.disk_usage(folder).free
    if wanted_bytes + RESERVE_BYTES <= free:
        return ""
    return f"{folder} has {free} bytes free: {wanted_bytes} are needed, and {RESERVE_BYTES} to spare"


def check_room(folder: Path, wanted_bytes: int) -> None:
    """SetupError when the volume has no room for so many more bytes."""
    if lack := lack_of_room(folder, wanted_bytes):
        raise SetupError(lack)


def check_folder(folder: Path) -> None:
    """SetupError when weights can't be put there."""
    if not folder.is_dir():
        raise SetupError(f"{folder} is not a directory")
    if not os.access(folder, os.W_OK):
        raise SetupError(f"{folder} can't be written to by user {os.getuid()}")


def copy(source: Path, target: Path, sha256: str, on_progress: Callable[[int], None] = lambda _: None) -> None:
    """Copy a file into its place, or leave nothing and raise SetupError."""
    check_room(target.parent, source.stat().st_size)
    partial = partial_path(target)
    try:
        found = _copy_hashing(source, partial, on_progress)
        if found != sha256:
            raise SetupError(f"{source} has the SHA-256 {found}: {sha256} is wanted")
        place(partial, target)
    except OSError as error:
        raise SetupError(f"{source} can't be copied to {target}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def place(partial: Path, target: Path) -> None:
    """Give a whole, checked file its name."""
    _fsync(partial)
    partial.replace(target)
    _fsync(target.parent)


def _copy_hashing(source: Path, partial: Path, on_progress: Callable[[int], None]) -> str:
    digest, done = hashlib.sha256(), 0
    with source.open("rb") as reader, partial.open("wb") as writer:
        while chunk := reader.read(CHUNK_BYTES):
            writer.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            on_progress(done)
    return digest.hexdigest()


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
