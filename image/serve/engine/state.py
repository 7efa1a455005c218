"""KV state on disk: what ended sequences left behind, so that a restart does not compute it again.

One file a sequence, under a folder for this very model and library: `<folder>/<model>/<tokens>-<content>.kv`, both
hashes. A file gets its name when it is whole and on the disk; one whose content is not what its name says is removed,
never read.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from serve.engine.backend import Backend
from serve.engine.cache import KvCache
from serve.engine.errors import StateError
from serve.engine.leftovers import Kept
from serve.engine.types import Task

SUFFIX, PARTIAL = ".kv", ".partial"
PLAIN = (Task.GENERATE, ())  # no adapters: their names say nothing about their content
_HASH_CHARS = 16


class StateStore:
    """The files of one model."""

    def __init__(self, folder: Path, model: str, max_bytes: int) -> None:
        self._folder = folder / model
        self._max_bytes = max_bytes

    def save(self, cache: KvCache, backend: Backend) -> int:
        """Write what is kept, the most useful first, within the bound; returns how many. Others' files go."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written, size = set[str](), 0
        for kept in sorted(cache.kept(), key=lambda each: (-each.num_uses, -each.num_tokens)):
            if kept.kind != PLAIN or kept.is_spare or size >= self._max_bytes:
                continue
            path = self._write(kept, backend, self._max_bytes - size)
            if path is not None:
                written.add(path.name)
                size += path.stat().st_size
        for path in self._files():
            if path.name not in written:
                path.unlink(missing_ok=True)
        return len(written)

    def restore(self, cache: KvCache, backend: Backend) -> int:
        """Read back what there is room for; returns how many. What can't be used is removed, what doesn't fit stays."""
        num = 0
        for path in sorted(self._files(), key=lambda each: each.stat().st_mtime, reverse=True):
            try:
                _check(path)
                num += _read(path, cache, backend)
            except StateError:
                path.unlink(missing_ok=True)
        return num

    def _write(self, kept: Kept, backend: Backend, max_bytes: int) -> Path | None:
        tokens = tuple(memoryview(kept.tokens).cast("i"))
        partial = self._folder / f"{kept.seq}{PARTIAL}"
        try:
            backend.save(kept.seq, partial, tokens)
            if partial.stat().st_size > max_bytes:
                return None
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            name = f"{hashlib.sha256(kept.tokens).hexdigest()[:_HASH_CHARS]}-{_hash(partial)}{SUFFIX}"
            return partial.rename(self._folder / name)
        except (StateError, OSError):
            return None  # a full disk is no reason not to end
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        return iter(tuple(self._folder.glob(f"*{SUFFIX}")) if self._folder.is_dir() else ())


def _read(path: Path, cache: KvCache, backend: Backend) -> int:
    """The tokens are not known before the file is read: an id is asked for with room for the longest text."""
    size = path.stat().st_size
    seq = cache.reserve_kept(PLAIN)
    if seq is None:
        return 0
    try:
        tokens = backend.load(seq, path, max_tokens=min(cache.num_free_tokens, size))
    except StateError:
        cache.drop(seq)
        raise
    if not cache.fill_kept(seq, tokens):
        return 0
    return 1


def _check(path: Path) -> None:
    if path.stem.rpartition("-")[2] != _hash(path):
        raise StateError(f"{path} is damaged")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:_HASH_CHARS]
