"""Tests of serve.elf."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.elf import Section, check_whole, sections
from serve.errors import SetupError
from tests.helpers import elf

LIBRARY = elf.library({".text": b"code", ".data": b"some"})


@given(st.integers(0, len(LIBRARY)))
def test_only_the_whole_file_passes(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    """Wherever it was cut, it is told in one line with the file's name."""
    path = tmp_path_factory.mktemp("elf") / "lib.so"
    path.write_bytes(LIBRARY[:length])
    if length == len(LIBRARY):
        check_whole(path)
    else:
        with pytest.raises(SetupError, match=rf"^{path} is (cut: {length} of|no shared library)"):
            check_whole(path)


def test_a_real_library_is_whole() -> None:
    """The C library that runs this test, with program headers and all."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    real = next(Path(line.split()[-1]) for line in maps if "libc.so" in line or "libc-" in line or "ld-" in line)
    check_whole(real)
    assert ".text" in {each.name for each in sections(real)}


def test_sections_are_found_by_their_names(tmp_path: Path) -> None:
    """With where they are and how long."""
    path = tmp_path / "lib.so"
    path.write_bytes(LIBRARY)
    found = {each.name: each for each in sections(path)}
    assert found[".data"] == Section(".data", 68, 4)


def test_what_is_no_library_or_not_there_is_one_line(tmp_path: Path) -> None:
    """A text, and nothing."""
    (tmp_path / "text").write_text("no library " * 20)
    with pytest.raises(SetupError, match="is no shared library"):
        check_whole(tmp_path / "text")
    with pytest.raises(SetupError, match="can't be read: No such file"):
        check_whole(tmp_path / "none")
