"""Tests of serve.engine.slot_file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engine.errors import StateError
from serve.engine.slot_file import place, read_seal, seal

PRINT = "0123456789abcdef"


@pytest.mark.parametrize("content", [b"", b"x", b"y" * (3 << 20)])
def test_a_sealed_file_says_how_many_tokens_it_has(tmp_path: Path, content: bytes) -> None:
    """What was in it is still its beginning, as other programs read it."""
    path = tmp_path / "a"
    path.write_bytes(content)
    assert seal(path, 84, PRINT) == path.stat().st_size
    assert read_seal(path, PRINT) == 84
    assert path.read_bytes().startswith(content)


def test_another_fingerprint_is_refused_as_such(tmp_path: Path) -> None:
    """Nobody looks for damage where there is none."""
    path = tmp_path / "a"
    path.write_bytes(b"state")
    seal(path, 3, PRINT)
    with pytest.raises(StateError, match="other weights"):
        read_seal(path, PRINT[::-1])


@given(position=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.booleans())
def test_no_changed_byte_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int, cut: bool
) -> None:
    """In the state or in the seal, flipped or cut off."""
    path = tmp_path_factory.mktemp("seal") / "a"
    path.write_bytes(b"some state of a sequence")
    size = seal(path, 7, PRINT)
    raw = bytearray(path.read_bytes())
    raw[position % size] ^= 1 << bit
    path.write_bytes(raw[: position % size] if cut else raw)
    with pytest.raises(StateError):
        read_seal(path, PRINT)


def test_a_file_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    """Under its name there is one of the two at any time, and of the new one's other name nothing is left."""
    old, new = tmp_path / "slot", tmp_path / "slot.partial"
    old.write_bytes(b"old")
    new.write_bytes(b"new")
    place(new, old)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"slot": b"new"}


def test_a_name_in_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """Nobody is told that something was saved."""
    new = tmp_path / "slot.partial"
    new.write_bytes(b"new")
    with pytest.raises(OSError, match="No such file"):
        place(new, tmp_path / "gone" / "slot")
