"""Tests of serve.shelf.folder."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.shelf.folder import PULL_STALE_S, delete, is_pulling, model_id, parts, scan, seen
from serve.supervision.ports import Seen
from serve.weights import partial_path


def write(folder: Path, *names: str) -> None:
    """Files with something in them."""
    for name in names:
        (folder / name).write_bytes(b"GGUF")


@pytest.mark.parametrize(
    ("file", "id_"),
    [
        ("tinyllama-1.1b-chat-v1.0.Q2_K.gguf", "tinyllama-1.1b-chat-v1.0.q2-k"),
        ("big-00001-of-00003.gguf", "big"),
        ("A_b.C.gguf", "a-b.c"),
    ],
)
def test_a_model_is_called_as_its_file(file: str, id_: str) -> None:
    """In small letters, without what only the disk needs."""
    assert model_id(file) == id_


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_any_part_names_them_all(index: int, count: int) -> None:
    """A part that can't be is a file like any other."""
    name = f"m-{index:05}-of-{count:05}.gguf"
    if index > count:
        assert parts(name) == (name,)
        return
    found = parts(name)
    assert len(found) == count
    assert name in found
    assert all(parts(each) == found for each in found[:3])


@pytest.mark.parametrize("name", ["m-00001-of-99999.gguf", "m-00000-of-00000.gguf", "m.gguf"])
def test_a_name_does_not_make_many_of_itself(name: str) -> None:
    """However many parts it says there are."""
    assert parts(name) == (name,)


def test_what_is_no_model_is_not_found(tmp_path: Path) -> None:
    """Nothing hidden, unfinished, foreign, empty, no folder; nothing that only a link brings in."""
    outside = tmp_path / "outside"
    folder = tmp_path / "models"
    (folder / "sub.gguf").mkdir(parents=True)
    outside.mkdir()
    write(outside, "secret.gguf")
    write(folder, "good.gguf", ".hidden.gguf", "half.gguf.part", "note.txt", "mmproj-good.gguf", "a b.gguf", "-x.gguf")
    (folder / "empty.gguf").touch()
    (folder / "away.gguf").symlink_to(outside / "secret.gguf")
    (folder / "loop.gguf").symlink_to("loop.gguf")
    (folder / "nowhere.gguf").symlink_to("none")
    (folder / "inside.gguf").symlink_to("good.gguf")
    os.mkfifo(folder / "pipe.gguf")
    assert [each.file for each in scan(folder)] == ["good.gguf", "inside.gguf"]


def test_a_split_model_is_there_when_all_its_parts_are(tmp_path: Path) -> None:
    """It is as large as all of them."""
    names = parts("m-00001-of-00003.gguf")
    write(tmp_path, names[0], names[2])
    assert scan(tmp_path) == []
    assert seen(tmp_path, names[0]) is None
    write(tmp_path, names[1])
    (found,) = scan(tmp_path)
    assert (found.file, found.files, found.size_bytes, len(found.print)) == (names[0], names, 12, 3)
    assert seen(tmp_path, names[0]) == Seen(found.written_at, 12)


def test_what_is_being_pulled_is_not_found(tmp_path: Path) -> None:
    """Also where an older file has its name; unless whoever pulled has given up."""
    write(tmp_path, "m.gguf")
    partial = partial_path(tmp_path / "m.gguf")
    partial.touch()
    assert scan(tmp_path) == []
    os.utime(partial, (time.time() - PULL_STALE_S - 10,) * 2)
    assert len(scan(tmp_path)) == 1
    assert not is_pulling(tmp_path, "m.gguf")


def test_a_model_is_deleted_with_all_its_parts_and_nothing_else(tmp_path: Path) -> None:
    """What is gone already is no trouble; a link goes, not what it leads to."""
    names = parts("m-00001-of-00002.gguf")
    write(tmp_path, *names, "other.gguf")
    (tmp_path / "link.gguf").symlink_to("other.gguf")
    for file in (names[0], "link.gguf", "gone.gguf"):
        delete(tmp_path, file)
    assert [path.name for path in tmp_path.iterdir()] == ["other.gguf"]


@pytest.mark.parametrize("name", ["../other.gguf", "/etc/passwd", "..", "a/b.gguf"])
def test_what_is_no_plain_name_is_not_deleted(tmp_path: Path, name: str) -> None:
    """Whoever asks."""
    folder = tmp_path / "models"
    folder.mkdir()
    write(tmp_path, "other.gguf")
    delete(folder, name)
    assert (tmp_path / "other.gguf").exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It may come back; that is not the same as an empty one."""
    with pytest.raises(FileNotFoundError):
        scan(tmp_path / "none")
