"""Tests of serve.weights."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from serve import weights
from serve.errors import SetupError

CONTENT = b"weights" * 100_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file to copy."""
    path = tmp_path / "source.gguf"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where it goes."""
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "m.gguf"


def test_a_copy_is_whole_and_nothing_else_is_left(source: Path, target: Path) -> None:
    """The file has its name and its bytes, the partial file is gone, progress ended at the end."""
    done: list[int] = []
    weights.copy(source, target, SHA256, done.append)
    assert target.read_bytes() == CONTENT
    assert names(target.parent) == ["m.gguf"]
    assert done[-1] == len(CONTENT)


def test_a_wrong_sha256_leaves_nothing(source: Path, target: Path) -> None:
    """Both sums are named."""
    with pytest.raises(SetupError, match=f"has the SHA-256 {SHA256}: {'0' * 64} is wanted"):
        weights.copy(source, target, "0" * 64)
    assert names(target.parent) == []


def test_a_wrong_copy_never_replaces_a_file_that_is_there(source: Path, target: Path) -> None:
    """What was there before stays as it was."""
    target.write_bytes(b"older")
    with pytest.raises(SetupError):
        weights.copy(source, target, "0" * 64)
    assert target.read_bytes() == b"older"


def test_a_full_disk_is_told_before_anything_is_written(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The numbers are in the error."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(SetupError, match="has 1000 bytes free: 700000 are needed"):
        weights.copy(source, target, SHA256)
    assert names(target.parent) == []


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write too: the check before is no promise."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SetupError, match="No space left on device"):
        weights.copy(source, target, SHA256)
    assert names(target.parent) == []


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """A mount that is missing is the usual mistake."""
    with pytest.raises(SetupError, match="absent is not a directory"):
        weights.check_folder(tmp_path / "absent")


@pytest.mark.parametrize("name", ["../m.gguf", "a/m.gguf", "", "/m.gguf"])
def test_only_plain_names_are_taken(name: str) -> None:
    """Nothing outside the folder can be meant."""
    with pytest.raises(SetupError, match="a plain file name is allowed"):
        weights.check_name(name)
