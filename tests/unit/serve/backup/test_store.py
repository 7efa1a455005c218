"""Tests of serve.backup.store: a folder as a store."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from serve import weights
from serve.backup.store import FolderStore
from serve.errors import SetupError


def test_what_is_put_can_be_listed_read_and_deleted(tmp_path: Path) -> None:
    """In the order of the keys; nothing below another prefix."""
    store = FolderStore(tmp_path / "new")
    for key in ("a/b/2", "a/b/1", "a/c/1"):
        store.put(key, key.encode())
    assert list(store.keys("a/b/")) == ["a/b/1", "a/b/2"]
    assert store.get("a/b/2") == b"a/b/2"
    store.delete("a/b/2")
    store.delete("a/b/2")
    assert list(store.keys("a/")) == ["a/b/1", "a/c/1"]
    assert list(store.keys("b/")) == []


def test_a_put_is_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed before the name is given leaves the old bytes, and what it left is no key."""
    store = FolderStore(tmp_path)
    store.put("a", b"old")

    def killed(partial: Path, target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(weights, "place", killed)
    with pytest.raises(KeyboardInterrupt):
        store.put("a", b"new")
    assert store.get("a") == b"old"
    assert list(store.keys("")) == ["a"]


def test_a_full_volume_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is free and what is needed."""
    full = os.statvfs(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5, "total": full.f_blocks}))
    with pytest.raises(SetupError, match="has 5 bytes free"):
        FolderStore(tmp_path).put("a", b"0123456789")
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    """It names the file."""
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(SetupError, match=r"a/b can't be written: "):
        FolderStore(tmp_path).put("a/b", b"b")
