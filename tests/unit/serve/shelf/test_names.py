"""Tests of serve.shelf.names."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve.shelf.names import FILE, NameFile
from serve.shelf.registry import Names

NAMES = Names({"copy": "m", "größer": "m"}, {"m.gguf": "renamed"})


def test_names_are_kept_over_a_restart(tmp_path: Path) -> None:
    """In a folder that is made when it is needed; nothing else is left there."""
    folder = tmp_path / "state"
    assert NameFile(folder).read() == Names()
    NameFile(folder).write(Names())
    NameFile(folder).write(NAMES)
    assert NameFile(folder).read() == NAMES
    assert [path.name for path in folder.iterdir()] == [FILE]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"aliases": {"a": 1}}', b"\xff"])
def test_a_broken_file_is_put_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Models serve without it, and whoever wants to look into it can."""
    (tmp_path / FILE).write_bytes(content)
    assert NameFile(tmp_path).read() == Names()
    assert "copied names can't be read" in caplog.text
    assert (tmp_path / f"{FILE}.broken").read_bytes() == content
    NameFile(tmp_path).write(NAMES)
    assert NameFile(tmp_path).read() == NAMES


def test_without_a_state_directory_names_are_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    """Which is said when there is one to keep."""
    file = NameFile(None)
    assert file.read() == Names()
    file.write(NAMES)
    assert "SLIPWAY_STATE_DIR is not set" in caplog.text
    assert file.read() == Names()


def test_a_full_disk_is_told_and_the_old_names_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is half written."""
    file = NameFile(tmp_path)
    file.write(NAMES)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serve.shelf.names.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        file.write(Names())
    assert file.read() == NAMES
