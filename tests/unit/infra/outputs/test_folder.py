"""A folder of rendered files: all or nothing, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import RenderError
from infra.outputs import folder
from infra.outputs.text import MARK

OURS = f"{MARK} x\n"


def names(path: Path) -> list[str]:
    """All that lies there."""
    return sorted(each.name for each in path.iterdir())


def test_the_folder_is_made_and_filled(tmp_path: Path) -> None:
    """Also several levels of it; nothing else is left in it."""
    target = tmp_path / "a" / "b"
    assert folder.write(target, {"one": OURS, "two": OURS}) == []
    assert names(target) == ["one", "two"]
    assert (target / "one").read_text() == OURS


def test_what_is_no_longer_wanted_goes_if_it_was_rendered(tmp_path: Path) -> None:
    """Files of others, links and folders stay."""
    folder.write(tmp_path, {"old": OURS, "kept": OURS})
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "sub").mkdir()
    assert folder.write(tmp_path, {"kept": OURS + "new"}) == ["old"]
    assert names(tmp_path) == ["README.md", "kept", "link", "sub"]
    assert (tmp_path / "kept").read_text() == OURS + "new"


def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    """And then nothing is written at all."""
    (tmp_path / "two").write_text("mine")
    with pytest.raises(RenderError, match="two: is there and was not rendered"):
        folder.write(tmp_path, {"one": OURS, "two": OURS})
    assert names(tmp_path) == ["two"]


def test_nothing_changes_where_one_file_cannot_be_written(tmp_path: Path) -> None:
    """Neither the files that could be, nor those of the last render."""
    folder.write(tmp_path, {"old": OURS})
    with pytest.raises(OSError, match="No such file"):
        folder.write(tmp_path, {"one": OURS, "no/such/folder": OURS})
    assert names(tmp_path) == ["old"]


def test_twice_is_the_same_as_once(tmp_path: Path) -> None:
    """Nothing is removed and nothing is left over."""
    folder.write(tmp_path, {"one": OURS})
    assert folder.write(tmp_path, {"one": OURS}) == []
    assert names(tmp_path) == ["one"]
