"""Tests of serve.fill."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.fill import fill

SHA256 = hashlib.sha256(b"good").hexdigest()


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A mounted image and a cache."""
    source, target = tmp_path / "image", tmp_path / "cache"
    source.mkdir()
    target.mkdir()
    (source / "m.gguf").write_bytes(b"good")
    return source, target


def test_it_fills_an_empty_cache_and_then_has_nothing_to_do(folders: tuple[Path, Path]) -> None:
    """The second run changes nothing."""
    source, target = folders
    assert "is filled" in fill(source_dir=source, target_dir=target, file="m.gguf", sha256=SHA256)
    before = (target / "m.gguf").stat()
    assert "nothing to do" in fill(source_dir=source, target_dir=target, file="m.gguf", sha256=SHA256)
    assert (target / "m.gguf").stat() == before or (target / "m.gguf").stat().st_mtime_ns == before.st_mtime_ns


def test_in_a_shared_cache_a_file_has_a_name_of_its_own(folders: tuple[Path, Path]) -> None:
    """The second model with the same weights has nothing to do."""
    source, target = folders
    done = [
        fill(source_dir=source, target_dir=target, file="m.gguf", sha256=SHA256, stored="1a-m.gguf") for _ in range(2)
    ]
    assert ["nothing to do" in each for each in done] == [False, True]
    assert (target / "1a-m.gguf").read_bytes() == b"good"


def test_it_replaces_a_damaged_file(folders: tuple[Path, Path]) -> None:
    """A cache from a crash or another version heals itself."""
    source, target = folders
    (target / "m.gguf").write_bytes(b"bad!")
    fill(source_dir=source, target_dir=target, file="m.gguf", sha256=SHA256)
    assert (target / "m.gguf").read_bytes() == b"good"


def test_a_missing_source_is_named(folders: tuple[Path, Path]) -> None:
    """The path that was looked at."""
    source, target = folders
    with pytest.raises(SetupError, match=f"{source}/other.gguf is missing"):
        fill(source_dir=source, target_dir=target, file="other.gguf", sha256=SHA256)
