"""`python -m serve backup` and `python -m serve restore`: what was asked for, done with sets and a store."""

from __future__ import annotations

import argparse
import logging
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from serve.backup import history, s3, sets, snapshots
from serve.backup.store import FolderStore, Store
from serve.errors import SetupError

log = logging.getLogger(__name__)

BUCKET = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([\w./-]+?))?/?")
HISTORY = "history"


def run(options: argparse.Namespace, now: datetime | None = None) -> str:
    """Do it. Returns what was done, in words."""
    region = options.region or s3.DEFAULT_REGION
    store = open_store(options.place, options.endpoint, region, options.credentials)
    if options.command == "restore":
        name, num_files, num_right = sets.restore(store, options.name, options.target, options.snapshot)
        return f"{options.name} is as it was at {name}: {num_files} files, {num_right} were right already"
    return _back_up(options, store, now or datetime.now(UTC))


def _back_up(options: argparse.Namespace, store: Store, now: datetime) -> str:
    """Each set by itself: one that fails does not keep the others from being copied."""
    failed: list[str] = []
    for name, folder in options.sets:
        try:
            _tell(name, sets.back_up(store, name, folder, now, options.keep))
        except SetupError as error:
            failed.append(f"{name}: {error}")
    if options.history_from is not None:
        try:
            _tell(HISTORY, _back_up_history(options, store, now))
        except SetupError as error:
            failed.append(f"{HISTORY}: {error}")
    if failed:
        raise SetupError("; ".join(failed))
    return "all sets are backed up"


def _back_up_history(options: argparse.Namespace, store: Store, now: datetime) -> sets.Done:
    known = {entry.path for entry in snapshots.last_files(store, HISTORY)}
    with tempfile.TemporaryDirectory() as folder:
        history.write_days(Path(folder), options.history_from, options.history_query or "", now, known)
        return sets.back_up(store, HISTORY, Path(folder), now, options.keep, adds=history.MOST_DAYS)


def _tell(name: str, done: sets.Done) -> None:
    fields = {
        "set": name,
        "snapshot": done.snapshot,
        "files": done.num_files,
        "bytes": done.num_bytes,
        "copied_bytes": done.copied_bytes,
        "removed_snapshots": done.num_removed,
    }
    log.info("backed up", extra=fields)


def open_store(place: str, endpoint: str | None, region: str, credentials: Path | None) -> Store:
    """A folder, or a bucket with its credentials."""
    if not place.startswith("s3://"):
        if not Path(place).parent.is_dir():  # a volume that is not mounted
            raise SetupError(f"{place} is below no directory")
        return FolderStore(Path(place))
    found = BUCKET.fullmatch(place)
    if found is None:
        raise SetupError(f"{place!r} is no bucket: s3://name/prefix is")
    if credentials is None:
        raise SetupError(f"{place} needs --credentials")
    return s3.S3Store(s3.Bucket(found[1], found[2] or "", region, endpoint), s3.read_credentials(credentials))
