"""A file is written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra import whole_file


def names(folder: Path) -> list[str]:
    """All that lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    before = os.umask(0o027)
    try:
        whole_file.write(tmp_path / "a", "é\n")
    finally:
        os.umask(before)
    assert (tmp_path / "a").read_bytes() == b"\xc3\xa9\n"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert names(tmp_path) == ["a"]


def test_a_file_that_is_there_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    """Also behind a link, which stays one."""
    (tmp_path / "a").write_text("old, and longer")
    (tmp_path / "a").chmod(0o600)
    (tmp_path / "link").symlink_to("a")
    whole_file.write(tmp_path / "link", "new")
    assert (tmp_path / "a").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path) == ["a", "link"]


def test_what_can_not_be_written_to_its_end_leaves_the_old_text(tmp_path: Path) -> None:
    """A text that is none in UTF-8 stands for a disk that is full."""
    (tmp_path / "a").write_text("old")
    with pytest.raises(UnicodeEncodeError):
        whole_file.write(tmp_path / "a", "x" * 100_000 + "\udcff")
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_a_folder_is_no_file_and_neither_is_one_that_is_not_there(tmp_path: Path) -> None:
    """Both are the system's own errors."""
    with pytest.raises(IsADirectoryError):
        whole_file.write(tmp_path, "a")
    with pytest.raises(FileNotFoundError):
        whole_file.write(tmp_path / "none" / "a", "a")
    assert names(tmp_path) == []


def test_what_is_no_file_is_written_to_and_not_replaced() -> None:
    """As /dev/stdout where it is a pipe."""
    code = "from pathlib import Path; from infra import whole_file; whole_file.write(Path('/dev/stdout'), 'text')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "text"
    assert Path("/dev/stdout").exists()
