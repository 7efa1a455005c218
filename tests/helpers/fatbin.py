"""Code for GPUs as NVIDIA's compiler lays it out, without the code: containers of entries, headers and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterable

MACHINE_CODE, PTX = 2, 1


def container(entries: Iterable[tuple[int, int]]) -> bytes:
    """One of these entries: kind, and architecture as 80."""
    body = b""
    for kind, architecture in entries:
        code = b"\x7fsome code that nobody runs"
        body += struct.pack("<HHIQIIHHI", kind, 0x101, 64, len(code), 0, 0, 8, 1, architecture).ljust(64, b"\0") + code
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body
