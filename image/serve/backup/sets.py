"""A folder into a store and back: chunks by their SHA-256, and a snapshot that lists them.

    <set>/chunks/<sha256>            at most CHUNK_BYTES of a file
    <set>/snapshots/<time>.json      files: path, size, time, SHA-256, chunks; and the SHA-256 of all that

One process at a time writes a set; others may write other sets of the same store. Chunks come before the snapshot that
names them, and go after the last one that did: whatever is killed when, each snapshot that is there can be restored.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from serve import weights
from serve.backup import snapshots
from serve.backup.snapshots import Entry, Snapshot
from serve.backup.store import Store
from serve.errors import SetupError

log = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Done:
    """What a backup did."""

    snapshot: str
    num_files: int
    num_bytes: int
    copied_bytes: int
    num_removed: int


def back_up(
    store: Store,
    name: str,
    source: Path,
    now: datetime,
    keep: int,
    *,
    adds: int = 0,
    chunk_bytes: int = CHUNK_BYTES,
) -> Done:
    """Copy what is not there yet, then write the snapshot, then remove what nobody keeps.

    With `adds`, files of the last snapshot stay in the new one, the last so many by their names: the folder has only
    what is new.
    """
    if not source.is_dir():
        raise SetupError(f"{source} is not a directory")
    known = {entry.path: entry for entry in snapshots.last_files(store, name)}
    there = set(store.keys(f"{name}/chunks/"))
    found, copied = dict(known) if adds else {}, 0
    for path in _files(source):
        entry, num_bytes = _copy_in(_Target(store, name, there, chunk_bytes), source, path, known.get(path.as_posix()))
        found[entry.path] = entry
        copied += num_bytes
    if not found:
        raise SetupError(f"{source} has no file to back up")
    snapshot = Snapshot(now.strftime("%Y%m%dT%H%M%SZ"), tuple(found[path] for path in sorted(found)[-adds:]))
    snapshots.write(store, name, snapshot)
    num_removed = _tidy(store, name, keep)
    return Done(snapshot.name, len(found), sum(each.num_bytes for each in snapshot.files), copied, num_removed)


def restore(store: Store, name: str, target: Path, wanted: str | None = None) -> tuple[str, int, int]:
    """Write all files of a snapshot, the latest unless one is named: its name, how many, how many were right already.

    Others in the folder stay. Each file gets its name when it is whole and its SHA-256 is right.
    """
    snapshot = snapshots.latest(store, name) if wanted is None else snapshots.read(store, name, wanted)
    if snapshot is None:
        raise SetupError(f"there is no backup of {name!r}")
    weights.check_folder(target)
    num_right = 0
    for entry in snapshot.files:
        path = target / _safe(entry.path)
        if weights.is_right(path, entry.sha256):
            num_right += 1
        else:
            _copy_out(store, name, entry, path)
    return snapshot.name, len(snapshot.files), num_right


def _files(source: Path) -> Iterator[PurePosixPath]:
    """In a stable order; neither what is half-written nor what a mounted ConfigMap keeps behind its links."""
    for path in sorted(source.rglob("*")):
        inside = path.relative_to(source)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield PurePosixPath(inside.as_posix())


@dataclass(frozen=True, slots=True)
class _Target:
    """Where chunks go, and which are there already."""

    store: Store
    name: str
    there: set[str]
    chunk_bytes: int

    def put(self, chunk: str, data: bytes) -> int:
        """How many bytes it had to copy."""
        key = f"{self.name}/chunks/{chunk}"
        if key in self.there:
            return 0
        self.store.put(key, data)
        self.there.add(key)
        return len(data)


def _copy_in(target: _Target, source: Path, inside: PurePosixPath, before: Entry | None) -> tuple[Entry, int]:
    path = source / inside
    about = path.stat()
    if before is not None and _is_same(before, about.st_size, about.st_mtime_ns, target):
        return before, 0
    whole, chunks, size, copied = hashlib.sha256(), [], 0, 0
    with path.open("rb") as file:
        while data := file.read(target.chunk_bytes):
            whole.update(data)
            size += len(data)
            chunks.append(hashlib.sha256(data).hexdigest())
            if num_bytes := target.put(chunks[-1], data):
                copied += num_bytes
                log.info("copied a chunk", extra={"file": inside.as_posix(), "percent": _percent(size, about.st_size)})
    return Entry(inside.as_posix(), size, about.st_mtime_ns, whole.hexdigest(), tuple(chunks)), copied


def _is_same(before: Entry, size: int, time_ns: int, target: _Target) -> bool:
    """Weights are never written again under their name, and reading forty gigabytes each night is no use."""
    is_there = all(f"{target.name}/chunks/{chunk}" in target.there for chunk in before.chunks)
    return (before.num_bytes, before.time_ns) == (size, time_ns) and is_there


def _percent(done: int, total: int) -> float:
    return round(100 * done / max(total, 1), 1)


def _copy_out(store: Store, name: str, entry: Entry, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    weights.check_room(target.parent, entry.num_bytes)
    partial, whole = weights.partial_path(target), hashlib.sha256()
    try:
        with partial.open("wb") as file:
            for chunk in entry.chunks:
                data = store.get(f"{name}/chunks/{chunk}")
                if hashlib.sha256(data).hexdigest() != chunk:
                    raise SetupError(f"the backup of {entry.path} is damaged: chunk {chunk} has other bytes")
                file.write(data)
                whole.update(data)
        if whole.hexdigest() != entry.sha256:
            raise SetupError(f"the backup of {entry.path} is damaged: its SHA-256 is {whole.hexdigest()}")
        weights.place(partial, target)
    except OSError as error:
        raise SetupError(f"{target} can't be written: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _tidy(store: Store, name: str, keep: int) -> int:
    """Snapshots first: one whose chunks are gone must never be there."""
    names = snapshots.names(store, name)
    old, kept = names[:-keep], names[-keep:]
    for each in old:
        store.delete(f"{name}/snapshots/{each}.json")
    try:
        needed = {chunk for each in kept for entry in snapshots.read(store, name, each).files for chunk in entry.chunks}
    except SetupError as error:
        log.warning("no chunk is removed while a snapshot can't be read", extra={"reason": str(error)})
        return len(old)
    unused = [key for key in store.keys(f"{name}/chunks/") if PurePosixPath(key).name not in needed]
    for key in unused:
        store.delete(key)
    return len(old)


def _safe(path: str) -> PurePosixPath:
    """Whatever the store says, nothing outside the folder is written."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts or not found.parts:
        raise SetupError(f"the backup names the file {path!r}: a path inside the folder is allowed")
    return found
