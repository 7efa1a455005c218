"""Tests of serve.backup.sets: a folder into a store and back, whatever happens in between."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.backup import snapshots
from serve.backup.sets import back_up, restore
from serve.backup.store import FolderStore
from serve.errors import SetupError

THEN = datetime(2027, 1, 1, 3, tzinfo=UTC)
CHUNK = 4
few = settings(deadline=None, max_examples=20)  # each writes files, and waits for the disk
names = st.text("abc", min_size=1, max_size=3)
folders = st.dictionaries(names, st.binary(max_size=20), min_size=1, max_size=5)


class BrokenStore(FolderStore):
    """Fails when it is asked to put once too often, as a process that is killed there."""

    def __init__(self, root: Path, num_puts: int) -> None:
        super().__init__(root)
        self.num_puts = num_puts

    def put(self, key: str, data: bytes) -> None:
        """As long as it may."""
        if self.num_puts == 0:
            raise SetupError("killed")
        self.num_puts -= 1
        super().put(key, data)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files and no others."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def places() -> Iterator[tuple[Path, FolderStore, Path]]:
    """A source, a store and a target, for properties."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("source", "store", "target"):
            (root / name).mkdir()
        yield root / "source", FolderStore(root / "store"), root / "target"


@few
@given(folders)
def test_a_restore_gives_the_same_bytes(files: dict[str, bytes]) -> None:
    """Of every file, whatever its size."""
    with places() as (source, store, target):
        back_up(store, "m", write(source, files), THEN, keep=1, chunk_bytes=CHUNK)
        restore(store, "m", target)
        assert read(target) == files


@few
@given(folders)
def test_a_second_backup_copies_nothing(files: dict[str, bytes]) -> None:
    """Also when files were written again with the same bytes."""
    with places() as (source, store, _):
        back_up(store, "m", write(source, files), THEN, keep=2, chunk_bytes=CHUNK)
        again = back_up(store, "m", write(source, files), THEN + timedelta(days=1), keep=2, chunk_bytes=CHUNK)
        assert again.copied_bytes == 0
        assert again.num_bytes == sum(map(len, files.values()))


@few
@given(folders, st.integers(0, 30))
def test_a_backup_that_was_killed_goes_on_where_it_stopped(files: dict[str, bytes], num_puts: int) -> None:
    """And until it is done, there is no snapshot that could not be restored."""
    with places() as (source, store, target):
        write(source, files)
        broken = BrokenStore(store._root, num_puts)
        with contextlib.suppress(SetupError):
            back_up(broken, "m", source, THEN, keep=1, chunk_bytes=CHUNK)
        before = len(list(store.keys("m/chunks/")))
        back_up(store, "m", source, THEN, keep=1, chunk_bytes=CHUNK)
        restore(store, "m", target)
        assert read(target) == files
        assert before <= len(list(store.keys("m/chunks/")))


@few
@given(st.lists(folders, min_size=1, max_size=5), st.integers(1, 3))
def test_each_snapshot_that_is_kept_can_be_restored_and_nothing_else_is_there(
    days: list[dict[str, bytes]], keep: int
) -> None:
    """Chunks that only older ones needed are gone."""
    with places() as (source, store, target):
        for day, files in enumerate(days):
            back_up(store, "m", write(source, files), THEN + timedelta(days=day), keep, chunk_bytes=CHUNK)
        kept = list(enumerate(days))[-keep:]
        assert len(list(store.keys("m/snapshots/"))) == len(kept)
        for day, files in kept:
            into = target / str(day)
            into.mkdir()
            restore(store, "m", into, (THEN + timedelta(days=day)).strftime("%Y%m%dT%H%M%SZ"))
            assert read(into) == files
        chunks = {
            data[at : at + CHUNK] for _, files in kept for data in files.values() for at in range(0, len(data), 4)
        }
        assert len(list(store.keys("m/chunks/"))) == len(chunks)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A store with one backup of two files."""
    store = FolderStore(tmp_path / "store")
    source = write(tmp_path / "source", {"m.gguf": b"0123456789", ".m.gguf.part": b"half"})
    (source / "sub").mkdir()
    (source / "sub" / "a.json").write_bytes(b"{}")
    back_up(store, "m", source, THEN, keep=3, chunk_bytes=CHUNK)
    return store


def test_what_is_half_written_is_not_copied(store: FolderStore, tmp_path: Path) -> None:
    """A pull may run at the same time."""
    target = write(tmp_path / "target", {})
    restore(store, "m", target)
    assert read(target) == {"m.gguf": b"0123456789", "sub/a.json": b"{}"}


def test_what_is_right_already_is_not_written_again_and_other_files_stay(store: FolderStore, tmp_path: Path) -> None:
    """A restore into a cache that has half of it; damaged files are replaced."""
    target = write(tmp_path / "target", {"m.gguf": b"0123456780", "other": b"o"})
    (target / "sub").mkdir()
    (target / "sub" / "a.json").write_bytes(b"{}")
    assert restore(store, "m", target) == ("20270101T030000Z", 2, 1)
    assert read(target) == {"m.gguf": b"0123456789", "sub/a.json": b"{}", "other": b"o"}


def test_files_are_only_ever_added_where_that_is_asked_for(tmp_path: Path) -> None:
    """The folder has one day; the set has the last days, so many and no more."""
    store = FolderStore(tmp_path / "store")
    for day in "abcd":
        back_up(store, "h", write(tmp_path / "source", {day: day.encode()}), THEN, keep=1, adds=3)
    restore(store, "h", write(tmp_path / "target", {}))
    assert read(tmp_path / "target") == {"b": b"b", "c": b"c", "d": b"d"}


def test_a_damaged_chunk_is_never_restored(store: FolderStore, tmp_path: Path) -> None:
    """It says which file; nothing of it is left, and what was there before stays."""
    key = next(key for key in store.keys("m/chunks/") if store.get(key) == b"4567")
    store.put(key, b"4568")
    target = write(tmp_path / "target", {"m.gguf": b"old"})
    with pytest.raises(SetupError, match=r"the backup of m\.gguf is damaged"):
        restore(store, "m", target)
    assert read(target) == {"m.gguf": b"old"}


def test_a_damaged_snapshot_is_refused_but_stops_no_backup(store: FolderStore, tmp_path: Path) -> None:
    """The next one reads everything anew, and removes no chunk that an unreadable snapshot might need."""
    (key,) = store.keys("m/snapshots/")
    store.put(key, store.get(key).replace(b"m.gguf", b"n.gguf"))
    with pytest.raises(SetupError, match="is damaged, or of another version"):
        restore(store, "m", write(tmp_path / "target", {}))
    num_chunks = len(list(store.keys("m/chunks/")))
    source = write(tmp_path / "new", {"m.gguf": b"new!"})
    back_up(store, "m", source, THEN + timedelta(days=1), keep=3, chunk_bytes=CHUNK)
    assert len(list(store.keys("m/chunks/"))) == num_chunks + 1
    assert restore(store, "m", tmp_path / "target")[:2] == ("20270102T030000Z", 1)


@pytest.mark.parametrize("path", ["../m.gguf", "/etc/passwd", "a/../../b"])
def test_a_snapshot_that_names_a_place_outside_is_refused(store: FolderStore, tmp_path: Path, path: str) -> None:
    """Whoever can write to the store can't write elsewhere."""
    last = snapshots.latest(store, "m")
    assert last is not None
    moved = dataclasses.replace(last, files=(dataclasses.replace(last.files[0], path=path),))
    snapshots.write(store, "m", moved)
    with pytest.raises(SetupError, match="a path inside the folder is allowed"):
        restore(store, "m", write(tmp_path / "target", {}))


def test_what_is_not_there_is_said(store: FolderStore, tmp_path: Path) -> None:
    """A set, a snapshot, a source, a target, a source without a file."""
    target = write(tmp_path / "target", {})
    with pytest.raises(SetupError, match="there is no backup of 'other'"):
        restore(store, "other", target)
    with pytest.raises(SetupError, match="can't be read: No such file"):
        restore(store, "m", target, "20200101T000000Z")
    with pytest.raises(SetupError, match="is not a directory"):
        back_up(store, "m", tmp_path / "nowhere", THEN, keep=1)
    with pytest.raises(SetupError, match="is not a directory"):
        restore(store, "m", tmp_path / "nowhere")
    with pytest.raises(SetupError, match="has no file to back up"):
        back_up(store, "m", target, THEN, keep=1)


def test_a_snapshot_says_what_is_in_it(store: FolderStore) -> None:
    """For a person who looks: paths, sizes, sums."""
    (key,) = store.keys("m/snapshots/")
    files = json.loads(store.get(key))["files"]
    assert [(each["path"], each["num_bytes"], len(each["chunks"])) for each in files] == [
        ("m.gguf", 10, 3),
        ("sub/a.json", 2, 1),
    ]
