"""Shared libraries as files: is one whole, and where is a part of it?

The loader maps a library without looking at the file's length; of one that was cut it dies in the middle of loading,
without a word (SIGBUS). So what is loaded is looked at first: its own tables say how long it must be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from serve.errors import SetupError

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_SECTION = struct.Struct("<IIQQQQIIQQ")
_64_BIT_LITTLE_ENDIAN = b"\x7fELF\x02\x01"
_NO_BYTES = 8  # SHT_NOBITS: a section of zeros, which takes nothing of the file


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the file."""

    name: str
    offset: int
    num_bytes: int


def check_whole(path: Path) -> None:
    """SetupError where a library is cut, or none at all."""
    try:
        with path.open("rb") as file:
            wanted, found = _wanted_bytes(file), path.stat().st_size
    except OSError as error:
        raise SetupError(f"{path} can't be read: {error.strerror}") from error
    except (struct.error, ValueError) as error:
        raise SetupError(f"{path} is no shared library: it is damaged, or cut after {_size(path)} bytes") from error
    if found < wanted:
        raise SetupError(f"{path} is cut: {found} of its {wanted} bytes are there")


def sections(path: Path) -> list[Section]:
    """All that are named. struct.error, ValueError or OSError: the file is damaged."""
    with path.open("rb") as file:
        header = _header(file)
        rows = [row for row in _rows(file, _SECTION, *header.sections) if row[1] != _NO_BYTES]
        all_rows = list(_rows(file, _SECTION, *header.sections))
        names = all_rows[header.names_at]
        file.seek(names[4])
        text = file.read(names[5])
    return [Section(text[row[0] : text.index(b"\0", row[0])].decode(), row[4], row[5]) for row in rows]


@dataclass(frozen=True, slots=True)
class _Header:
    programs: tuple[int, int]  # where their table is, and how many there are
    sections: tuple[int, int]
    names_at: int


def _header(file: BinaryIO) -> _Header:
    fields = _HEADER.unpack(file.read(_HEADER.size))
    if not fields[0].startswith(_64_BIT_LITTLE_ENDIAN):
        raise ValueError("not a 64-bit ELF file")
    return _Header((fields[5], fields[10]), (fields[6], fields[12]), fields[13])


def _wanted_bytes(file: BinaryIO) -> int:
    """The end of what lies last. The table of sections does, where a linker wrote the file."""
    header = _header(file)
    (programs_at, num_programs), (sections_at, num_sections) = header.programs, header.sections
    ends = [programs_at + num_programs * _PROGRAM.size, sections_at + num_sections * _SECTION.size]
    ends += [row[2] + row[5] for row in _rows(file, _PROGRAM, *header.programs)]
    return max(ends)


def _rows(file: BinaryIO, form: struct.Struct, start: int, count: int) -> Iterator[tuple[int, ...]]:
    file.seek(start)
    for _ in range(count):
        yield form.unpack(file.read(form.size))


def _size(path: Path) -> int:
    return path.stat().st_size
