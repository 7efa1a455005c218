"""What a 64-bit little-endian ELF file says of the libraries that it wants: the dynamic section, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\x7fELF\x02\x01"
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 1, 5, 15, 29
_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ENTRY = struct.Struct("<qQ")


@dataclass(frozen=True, slots=True)
class Wants:
    """The libraries by their names, and where the file itself says they are looked for."""

    needed: tuple[str, ...]
    search: tuple[str, ...]


def wants(content: bytes) -> Wants | None:
    """None: no such file, or one without a dynamic section (a static program, an object file)."""
    if not content.startswith(MAGIC):
        return None
    try:
        return _read(content)
    except (struct.error, ValueError, OverflowError):
        return None  # whoever loads a broken one will say so


def _read(content: bytes) -> Wants | None:
    _, _, _, _, start, _, _, _, size, number, _, _, _ = _HEADER.unpack_from(content)
    segments = [_SEGMENT.unpack_from(content, start + i * size) for i in range(number)]
    dynamic = next((s for s in segments if s[0] == PT_DYNAMIC), None)
    if dynamic is None:
        return None
    entries = list(_entries(content, dynamic[2], dynamic[5]))
    loads = [(s[3], s[2], s[5]) for s in segments if s[0] == PT_LOAD]
    strings = _offset(next((value for tag, value in entries if tag == DT_STRTAB), -1), loads)
    texts = [
        (tag, _text(content, strings + value)) for tag, value in entries if tag in (DT_NEEDED, DT_RPATH, DT_RUNPATH)
    ]
    return Wants(
        needed=tuple(text for tag, text in texts if tag == DT_NEEDED),
        search=tuple(p for tag, text in texts if tag != DT_NEEDED for p in text.split(":") if p),
    )


def _entries(content: bytes, start: int, size: int) -> Iterator[tuple[int, int]]:
    for tag, value in _ENTRY.iter_unpack(content[start : start + size - size % _ENTRY.size]):
        if tag == 0:
            return
        yield tag, value


def _offset(address: int, loads: list[tuple[int, int, int]]) -> int:
    """Where in the file lies what is at an address in memory."""
    for start, offset, size in loads:
        if start <= address < start + size:
            return address - start + offset
    raise ValueError(f"address {address:#x} is in no segment")


def _text(content: bytes, start: int) -> str:
    return content[start : content.index(b"\0", start)].decode("utf-8", "replace")
