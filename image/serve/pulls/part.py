"""A file that is not whole yet, and the note beside it that says what it is a part of.

    .NAME.part        the first bytes of the file
    .NAME.part.json   of which one: its SHA-256 and size. Written before the first byte, gone after the last

A part without its note, or with the note of another file, is thrown away: two versions are never glued together. The
names begin with a dot, so nobody takes them for a model.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from serve import weights
from serve.alone import alone
from serve.pulls.digest import Digest


class Part:
    """Open from the moment it is made; `close` in the end, whatever happens."""

    def __init__(self, target: Path, sha256: str, size_bytes: int) -> None:
        self.target = target
        self.sha256 = sha256
        self.size_bytes = size_bytes
        self._path, self._note = _paths(target)
        self._fd = self._open()
        self.done_bytes = os.fstat(self._fd).st_size
        self._digest = Digest(self._fd, self.done_bytes)

    def _open(self) -> int:
        wanted = json.dumps({"sha256": self.sha256, "size_bytes": self.size_bytes})
        if not self._is_ours(wanted):
            self._path.unlink(missing_ok=True)
            self._note.unlink(missing_ok=True)
            with os.fdopen(os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w") as note:
                note.write(wanted)
        return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)

    def _is_ours(self, wanted: str) -> bool:
        """A link is never: what it points to may be anywhere."""
        try:
            found = self._path.lstat()
            is_file = stat.S_ISREG(found.st_mode) and not self._note.is_symlink()
            return is_file and found.st_size <= self.size_bytes and self._note.read_text() == wanted
        except (OSError, ValueError):
            return False

    def write(self, chunk: bytes) -> None:
        """At the end. All of it: the operating system may take less at a time."""
        left = memoryview(chunk)
        while left:
            num_written = os.pwrite(self._fd, left, self.done_bytes)
            left = left[num_written:]
            self.done_bytes += num_written
        self._digest.grew(self.done_bytes)

    def begin_anew(self) -> None:
        """Without a byte."""
        self._digest.close()
        os.ftruncate(self._fd, 0)
        self.done_bytes = 0
        self._digest = Digest(self._fd, 0)

    def found_sha256(self, on_progress: Callable[[int], None]) -> str:
        """Of the bytes that are there."""
        return self._digest.result(on_progress)

    def place(self) -> None:
        """Give the whole, checked file its name."""
        weights.place(self._path, self.target)
        self._note.unlink(missing_ok=True)

    def discard(self) -> None:
        """Leave nothing."""
        _remove(self.target)

    def close(self) -> None:
        """What was written stays."""
        self._digest.close()
        os.close(self._fd)


def discard(targets: Iterable[Path]) -> None:
    """Leave nothing of what earlier processes have left of these files. What another one writes right now stays."""
    for target in targets:
        with contextlib.suppress(OSError), alone(target, can_wait=False):
            _remove(target)


def _paths(target: Path) -> tuple[Path, Path]:
    path = weights.partial_path(target)
    return path, path.with_name(f"{path.name}.json")


def _remove(target: Path) -> None:
    for path in _paths(target):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
