"""For which GPUs a library was compiled: read from the library, so it is true of whatever build lies there.

NVIDIA's compiler puts the machine code of all architectures into one section, as containers one after the other; each
has entries with a header of their own. Only headers are read. An entry is machine code for one generation, which the
later ones of the same major number run, too, or PTX, which the driver compiles for any GPU that is not older.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from serve.elf import sections

SECTION = ".nv_fatbin"
_CONTAINER = struct.Struct("<IHHQ")  # magic, version, bytes of this header, bytes of the entries
_MAGIC = 0xBA55ED50
_ENTRY = struct.Struct("<HHIQIIHHI")  # kind, version, header bytes, bytes, packed bytes, ?, minor, major, architecture
_PTX = 1
_ALIGNMENT = 8


@dataclass(frozen=True, slots=True, order=True)
class Code:
    """What one entry holds: 80 is 8.0."""

    architecture: int
    is_ptx: bool = False

    def runs_on(self, compute: tuple[int, int]) -> bool:
        """On a GPU of this compute capability?"""
        major, minor = divmod(self.architecture, 10)
        if self.is_ptx:
            return (major, minor) <= compute
        return major == compute[0] and minor <= compute[1]

    def __str__(self) -> str:
        number = f"{self.architecture // 10}.{self.architecture % 10}"
        return f"{number} and later" if self.is_ptx else number


def compiled_for(library: Path) -> frozenset[Code]:
    """All kinds of code in it; none where it holds no code for GPUs, or in a form that is unknown here."""
    found: set[Code] = set()
    for section in (each for each in sections(library) if each.name == SECTION):
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _read(data, section.offset, section.offset + section.num_bytes, found)
    return frozenset(found)


def _read(data: mmap.mmap, start: int, end: int, found: set[Code]) -> None:
    place = start
    while place + _CONTAINER.size <= end:
        magic, _, header_bytes, num_bytes = _CONTAINER.unpack_from(data, place)
        if magic != _MAGIC:
            place += _ALIGNMENT - (place - start) % _ALIGNMENT  # between containers there may be zeros
            continue
        _read_entries(data, place + header_bytes, place + header_bytes + num_bytes, found)
        place += header_bytes + num_bytes


def _read_entries(data: mmap.mmap, place: int, end: int, found: set[Code]) -> None:
    while place + _ENTRY.size <= end:
        kind, _, header_bytes, num_bytes, _, _, _, _, architecture = _ENTRY.unpack_from(data, place)
        if header_bytes < _ENTRY.size:
            return  # a form that is unknown here
        found.add(Code(architecture, is_ptx=kind == _PTX))
        place += header_bytes + num_bytes
