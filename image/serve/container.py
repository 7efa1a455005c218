"""The container that this runs in: what it is called, and how much of its memory is taken, at each question anew."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from serve.cpu import cgroup_folders

ROOT = Path("/")
_NO_LIMIT = 2**60  # version 1 writes a number of this size where there is none


@dataclass(frozen=True, slots=True)
class Memory:
    """What can't be given back: not the page cache, where mapped weights are, too. `is_bound`: by a limit of ours."""

    used_bytes: int
    total_bytes: int
    is_bound: bool

    def is_short(self, share: float) -> bool:
        """Is so much taken that the kernel is about to end a process? Without a limit that is not for us to say."""
        return self.is_bound and self.used_bytes >= share * self.total_bytes


def container_id() -> str:
    """The host's name: the pod's on Kubernetes, the short id in Docker."""
    return socket.gethostname()


def read_memory(root: Path = ROOT) -> Memory:
    """Of the tightest cgroup around us, else of the machine."""
    found = [m for folder in cgroup_folders(root, "memory") if (m := _version_2(folder) or _version_1(folder))]
    return min(found, key=lambda memory: memory.total_bytes, default=None) or _machine(root)


def _version_2(folder: Path) -> Memory | None:
    return _bound(
        folder, "memory.max", "memory.current", lambda s: _get(s, "file", "slab_reclaimable") - _get(s, "shmem")
    )


def _version_1(folder: Path) -> Memory | None:
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
    return _bound(folder, *names, lambda s: _get(s, "total_cache") - _get(s, "total_shmem"))


def _bound(folder: Path, limit: str, usage: str, cache: Callable[[dict[str, int]], int]) -> Memory | None:
    most, now = _number(_read(folder / limit)), _number(_read(folder / usage))
    if most is None or now is None or most >= _NO_LIMIT:
        return None
    return Memory(max(0, now - cache(_table(_read(folder / "memory.stat")))), most, is_bound=True)


def _machine(root: Path) -> Memory:
    table = _table(_read(root / "proc/meminfo").replace(":", " "))
    total = table.get("MemTotal", 0) * 1024
    return Memory(total - table.get("MemAvailable", 0) * 1024, total, is_bound=False)


def _table(text: str) -> dict[str, int]:
    rows = (line.split() for line in text.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _get(table: dict[str, int], *names: str) -> int:
    return sum(table.get(name, 0) for name in names)


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
