"""What a process listens on, as Linux knows it: its sockets among all that wait for somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

LISTENING = "0A"
"""TCP_LISTEN of the kernel."""
ACCEPTS = 0x10000
"""SO_ACCEPTCON of a Unix socket."""


def listening(pid: int) -> set[str]:
    """`tcp 127.0.0.1:8000` and the like: TCP and Unix sockets that accept, and every UDP socket that has a port."""
    inodes = set(_inodes(pid))
    return {where for inode, where in _all(Path(f"/proc/{pid}/net")) if inode in inodes}


def _inodes(pid: int) -> Iterator[str]:
    for path in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(path.readlink())
        except OSError:
            continue  # it was closed meanwhile
        if found := re.fullmatch(r"socket:\[(\d+)\]", target):
            yield found[1]


def _all(folder: Path) -> Iterator[tuple[str, str]]:
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in (folder / kind).read_text().splitlines()[1:]:
            fields = line.split()
            if kind.startswith("udp") or fields[3] == LISTENING:
                address, _, port = fields[1].partition(":")
                yield fields[9], f"{kind} {_dotted(address)}:{int(port, 16)}"
    for line in (folder / "unix").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[3], 16) & ACCEPTS:
            yield fields[6], f"unix {' '.join(fields[7:])}"


def _dotted(address: str) -> str:
    if len(address) != 8:
        return address
    return ".".join(str(int(address[at : at + 2], 16)) for at in (6, 4, 2, 0))
