"""How much memory all workers together may take, where no setting says it: what the container, or the machine, has."""

from __future__ import annotations

from pathlib import Path

from serve.cpu import cgroup_folders

# What the HTTP process takes itself, with room for its connections.
OWN_BYTES = 160 * 1024 * 1024
_UNLIMITED = 2**60  # version 1 has no word for it, but a number beyond all memory


def memory_budget(root: Path = Path("/")) -> int | None:
    """The smallest memory limit of this process's cgroups, else what is free now; less what the server itself takes."""
    limits = [limit for folder in cgroup_folders(root, "memory") if (limit := _limit(folder))]
    found = limits or _available(root)
    return max(0, min(found) - OWN_BYTES) if found else None


def _limit(folder: Path) -> int | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        text = _read(folder / name).strip()
        if text.isdigit() and int(text) < _UNLIMITED:
            return int(text)
    return None


def _available(root: Path) -> list[int]:
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            return [int(line.split()[1]) * 1024]
    return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
