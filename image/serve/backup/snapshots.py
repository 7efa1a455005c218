"""Snapshots: what a set was at a time, as a document in its store that tells when it is damaged."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

from serve.backup.store import Store
from serve.errors import SetupError

log = logging.getLogger(__name__)

VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One file. `time_ns` is when it was written: of the same size and time, it is not read again."""

    path: str
    num_bytes: int
    time_ns: int
    sha256: str
    chunks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All files of a set at a time."""

    name: str
    files: tuple[Entry, ...]


def last_files(store: Store, name: str) -> tuple[Entry, ...]:
    """What need not be read again. A damaged snapshot is no reason to make no new one."""
    try:
        last = latest(store, name)
    except SetupError as error:
        log.warning("the last snapshot can't be used: everything is read anew", extra={"reason": str(error)})
        return ()
    return last.files if last else ()


def latest(store: Store, name: str) -> Snapshot | None:
    """None before the first."""
    found = names(store, name)
    return read(store, name, found[-1]) if found else None


def names(store: Store, name: str) -> list[str]:
    """Of all snapshots, the oldest first."""
    return sorted(PurePosixPath(key).stem for key in store.keys(f"{name}/snapshots/") if key.endswith(".json"))


def write(store: Store, name: str, snapshot: Snapshot) -> None:
    """It is there as a whole or not at all."""
    files = [asdict(entry) for entry in snapshot.files]
    content = {"version": VERSION, "name": snapshot.name, "files": files, "sha256": _sum(files)}
    data = json.dumps(content, indent=1, sort_keys=True).encode()
    store.put(f"{name}/snapshots/{snapshot.name}.json", data)


def read(store: Store, name: str, wanted: str) -> Snapshot:
    """The one of this name; SetupError where it is not there or not what was written."""
    key = f"{name}/snapshots/{wanted}.json"
    try:
        content = json.loads(store.get(key))
        files = content["files"]
        if content["version"] != VERSION or content["sha256"] != _sum(files):
            raise ValueError
        return Snapshot(content["name"], tuple(Entry(**{**each, "chunks": tuple(each["chunks"])}) for each in files))
    except (ValueError, KeyError, TypeError):
        raise SetupError(f"the snapshot {key} is damaged, or of another version") from None


def _sum(files: Iterable[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(list(files), sort_keys=True).encode()).hexdigest()
