"""Where the peers come from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bench.engine import peers
from tools.errors import PrerequisiteMissing
from tools.progress import Progress


def test_the_flags_are_those_of_the_image() -> None:
    """Word by word: other flags would be other machine code, and another measurement."""
    dockerfile = (peers.IMAGE_DIR / "Dockerfile").read_text()
    for flag in (*peers.BASELINE, *peers.SHARED):
        assert flag in dockerfile.replace("'", "")
    ggml = [word for word in dockerfile.split('baseline) variants="')[1].split('"')[0].split() if word]
    assert tuple(ggml) == peers.BASELINE


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    """A finished folder is enough: no compiler is asked for."""
    (tmp_path / "peers" / peers.key()).mkdir(parents=True)
    found = peers.ensure(tmp_path, Progress(quiet=True))
    assert found.llama_server == tmp_path / "peers" / peers.key() / "bin" / "llama-server"


def test_a_missing_compiler_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is fetched."""
    monkeypatch.setattr(shutil, "which", lambda program: None if program == "ninja" else f"/usr/bin/{program}")
    with pytest.raises(PrerequisiteMissing, match="ninja-build"):
        peers.ensure(tmp_path, Progress(quiet=True))
    assert list(tmp_path.iterdir()) == []


def test_progress_is_read_from_ninja() -> None:
    """Other lines are shown as they are, cut."""
    assert peers.how_far("[57/214] Building CXX object x.o") == "57 of 214 files"
    assert peers.how_far("ninja: warning" + "x" * 100) == ("ninja: warning" + "x" * 100)[:80]
