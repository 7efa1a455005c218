"""Files that look like shared libraries, for code that reads their tables and never loads them."""

from __future__ import annotations

import struct

_HEADER_BYTES, _SECTION_BYTES = 64, 64


def library(sections: dict[str, bytes] | None = None) -> bytes:
    """A whole file with these sections, and the one that has their names."""
    named = {"": b"", **(sections or {}), ".shstrtab": b""}
    names = b"".join(name.encode() + b"\0" for name in named)
    named[".shstrtab"] = names
    body, rows, name_at = b"", b"", 0
    for name, content in named.items():
        rows += struct.pack("<IIQQQQIIQQ", name_at, 1, 0, 0, _HEADER_BYTES + len(body), len(content), 0, 0, 1, 0)
        body, name_at = body + content, name_at + len(name) + 1
    table_at = _HEADER_BYTES + len(body)
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    counts = (_HEADER_BYTES, 0, 0, _SECTION_BYTES, len(named), len(named) - 1)
    return struct.pack("<16sHHIQQQIHHHHHH", ident, 3, 62, 1, 0, 0, table_at, 0, *counts) + body + rows
