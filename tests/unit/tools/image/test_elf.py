"""The dynamic section, as the loader reads it."""

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.image import elf


def made(needed: list[str], search: str = "") -> bytes:
    """The smallest file with one segment that is loaded and a dynamic section: at an address, as real ones are."""
    strings = b"\0" + b"".join(n.encode() + b"\0" for n in [*needed, search])
    starts = [1 + sum(len(n) + 1 for n in needed[:i]) for i in range(len(needed) + 1)]
    base, head = 0x400000, 64 + 2 * 56
    entries = [(1, start) for start in starts[:-1]] + ([(29, starts[-1])] if search else [])
    dynamic = b"".join(struct.pack("<qQ", *e) for e in [*entries, (5, base + head), (0, 0)])
    body = strings + dynamic
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, head + len(body), head + len(body), 0)
    at = head + len(strings)
    segments += struct.pack("<IIQQQQQQ", 2, 6, at, base + at, base + at, len(dynamic), len(dynamic), 0)
    header = elf.MAGIC.ljust(16, b"\0") + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    return header + segments + body


def test_names_and_folders_are_read() -> None:
    """Both in their order."""
    found = elf.wants(made(["libm.so.6", "libc.so.6"], "$ORIGIN:/opt/lib"))
    assert found == elf.Wants(("libm.so.6", "libc.so.6"), ("$ORIGIN", "/opt/lib"))


def test_a_real_program_wants_the_c_library() -> None:
    """This interpreter, as a compiler and a linker made it."""
    found = elf.wants(Path(sys.executable).resolve().read_bytes())
    assert found is not None
    assert "libc.so.6" in found.needed


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", elf.MAGIC, elf.MAGIC + b"\0" * 100])
def test_what_is_no_library_wants_nothing(content: bytes) -> None:
    """Nor does one that is cut off."""
    assert elf.wants(content) is None


@given(st.integers(min_value=0), st.binary(max_size=8))
def test_a_damaged_file_is_never_a_crash(at: int, noise: bytes) -> None:
    """Whatever bytes are overwritten."""
    content = bytearray(made(["libc.so.6"], "/lib"))
    at %= len(content)
    content[at : at + len(noise)] = noise
    elf.wants(bytes(content))
    elf.wants(bytes(content[:at]))
