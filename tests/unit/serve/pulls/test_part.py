"""Tests of serve.pulls.part."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from serve.alone import alone
from serve.pulls.part import Part, discard

CONTENT = b"0123456789"
SHA256, OTHER = hashlib.sha256(CONTENT).hexdigest(), "f" * 64


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def leave(folder: Path, content: bytes = CONTENT[:4], sha256: str = SHA256) -> None:
    """A part as a killed process leaves it."""
    part = Part(folder / "m", sha256, len(CONTENT))
    part.write(content)
    part.close()


def done_bytes(folder: Path, sha256: str = SHA256, size: int = len(CONTENT)) -> int:
    """How far the next one finds it."""
    part = Part(folder / "m", sha256, size)
    try:
        return part.done_bytes
    finally:
        part.close()


def test_a_part_is_gone_on_from_and_placed(tmp_path: Path) -> None:
    """What is left in the end is the file."""
    leave(tmp_path)
    part = Part(tmp_path / "m", SHA256, len(CONTENT))
    assert part.done_bytes == 4
    part.write(CONTENT[4:])
    assert part.found_sha256(lambda _: None) == SHA256
    part.place()
    part.close()
    assert (tmp_path / "m").read_bytes() == CONTENT
    assert names(tmp_path) == ["m"]


def test_two_versions_are_never_glued_together(tmp_path: Path) -> None:
    """Another sum or another size is another file: its part is thrown away."""
    leave(tmp_path)
    assert done_bytes(tmp_path, OTHER) == 0
    leave(tmp_path)
    assert done_bytes(tmp_path, size=11) == 0


@pytest.mark.parametrize("note", ["", "{}", '{"sha256": "', "[]", "\udcff"])
def test_a_part_without_a_good_note_is_thrown_away(tmp_path: Path, note: str) -> None:
    """A process that was killed in the middle of writing it, for instance."""
    leave(tmp_path)
    (tmp_path / ".m.part.json").write_bytes(note.encode("utf-8", "surrogateescape"))
    assert done_bytes(tmp_path) == 0
    leave(tmp_path)
    (tmp_path / ".m.part.json").unlink()
    assert done_bytes(tmp_path) == 0


def test_a_part_that_is_longer_than_the_file_is_thrown_away(tmp_path: Path) -> None:
    """Somebody else wrote to it."""
    leave(tmp_path, b"x" * 11)
    assert done_bytes(tmp_path) == 0


@pytest.mark.parametrize("name", [".m.part", ".m.part.json"])
def test_a_link_is_not_followed(tmp_path: Path, name: str) -> None:
    """Whoever can put one there can't have another file written."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    folder = tmp_path / "models"
    folder.mkdir()
    leave(folder)
    (folder / name).unlink()
    (folder / name).symlink_to(outside)
    leave(folder)
    assert outside.read_bytes() == b"precious"
    assert not (folder / name).is_symlink()


def test_a_pipe_in_its_place_is_removed(tmp_path: Path) -> None:
    """Opening one would wait for ever."""
    os.mkfifo(tmp_path / ".m.part")
    assert done_bytes(tmp_path) == 0


def test_what_others_left_is_removed_unless_somebody_writes_it(tmp_path: Path) -> None:
    """A lock tells."""
    leave(tmp_path)
    with alone(tmp_path / "m"):
        discard([tmp_path / "m"])
        assert {".m.part", ".m.part.json"} <= set(names(tmp_path))
    discard([tmp_path / "m", tmp_path / "never"])
    assert not list(tmp_path.glob(".*part*"))


def test_beginning_anew_leaves_no_byte(tmp_path: Path) -> None:
    """The sum is that of what comes then."""
    leave(tmp_path, b"wrong")
    part = Part(tmp_path / "m", SHA256, len(CONTENT))
    part.begin_anew()
    part.write(CONTENT)
    assert part.found_sha256(lambda _: None) == SHA256
    part.discard()
    part.discard()
    part.close()
    assert names(tmp_path) == []
