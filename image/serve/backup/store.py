"""What a target of backups can do, and the one that is a folder. A key is a path of plain names with slashes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from serve import weights
from serve.errors import SetupError


class Store(Protocol):
    """Bytes by key. `put` is atomic: a key is there with all its bytes, or not at all. SetupError says what failed."""

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys below a prefix, in their order."""

    def get(self, key: str) -> bytes:
        """What is there; SetupError where nothing is."""

    def put(self, key: str, data: bytes) -> None:
        """Put it there, in place of what was."""

    def delete(self, key: str) -> None:
        """Take it away; fine where nothing is."""


class FolderStore:
    """Files below a folder: a mounted volume."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def keys(self, prefix: str) -> Iterator[str]:
        """Names that begin with a dot are half-written files of a process that was killed."""
        folder = self._root / prefix
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        yield from (path.relative_to(self._root).as_posix() for path in paths)

    def get(self, key: str) -> bytes:
        """The file's bytes."""
        try:
            return (self._root / key).read_bytes()
        except OSError as error:
            raise SetupError(f"{self._root / key} can't be read: {error.strerror}") from error

    def put(self, key: str, data: bytes) -> None:
        """By a file beside it that gets the name when it is on the disk."""
        target = self._root / key
        partial = weights.partial_path(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            weights.check_room(target.parent, len(data))
            partial.write_bytes(data)
            weights.place(partial, target)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise SetupError(f"{target} can't be written: {error.strerror}") from error

    def delete(self, key: str) -> None:
        """The file alone; empty folders do no harm."""
        (self._root / key).unlink(missing_ok=True)
