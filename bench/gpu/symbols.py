"""What a shared library wants of others and has for them, read from its own tables."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from serve.elf import Section, sections

_SYMBOL = struct.Struct("<IBBHQQ")
_ENTRY = struct.Struct("<qQ")
_NEEDED, _UNDEFINED = 1, 0


@dataclass(frozen=True, slots=True)
class Symbols:
    """Names. `needed` are the libraries that the loader must find."""

    wanted: frozenset[str]
    exported: frozenset[str]
    needed: frozenset[str]

    def starting(self, *prefixes: str) -> frozenset[str]:
        """Those of what it wants that begin so."""
        return frozenset(name for name in self.wanted if name.startswith(prefixes))


def read(library: Path) -> Symbols:
    """Of its dynamic tables: what the loader sees."""
    found = {each.name: each for each in sections(library)}
    names = _bytes(library, found[".dynstr"])
    symbols = list(_SYMBOL.iter_unpack(_bytes(library, found[".dynsym"])))
    entries = _ENTRY.iter_unpack(_bytes(library, found[".dynamic"]))
    return Symbols(
        frozenset(_name(names, row[0]) for row in symbols if row[3] == _UNDEFINED and row[0]),
        frozenset(_name(names, row[0]) for row in symbols if row[3] != _UNDEFINED),
        frozenset(_name(names, value) for tag, value in entries if tag == _NEEDED),
    )


def _bytes(library: Path, section: Section) -> bytes:
    with library.open("rb") as file:
        file.seek(section.offset)
        return file.read(section.num_bytes)


def _name(names: bytes, start: int) -> str:
    return names[start : names.index(b"\0", start)].decode()
