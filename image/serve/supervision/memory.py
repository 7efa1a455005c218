"""Memory as the machine has it: how much all workers together may take where no setting says it, and who goes first."""

from __future__ import annotations

import contextlib
from pathlib import Path

from serve.cpu import cgroup_folders

# What the HTTP process takes itself, with room for its connections.
OWN_BYTES = 160 * 1024 * 1024
_MOST_ADJ, _MORE_ADJ = 1000, 300
_UNLIMITED = 2**60  # version 1 has no word for it, but a number beyond all memory


def memory_budget(root: Path = Path("/")) -> int | None:
    """The smallest memory limit of this process's cgroups, else what is free now; less what the server itself takes."""
    limits = [limit for folder in cgroup_folders(root, "memory") if (limit := _limit(folder))]
    found = limits or _available(root)
    return max(0, min(found) - OWN_BYTES) if found else None


def go_first(root: Path = Path("/")) -> None:
    """Where memory is out, let the kernel end this process: a worker is replaced, and the server says what happened."""
    path = root / "proc/self/oom_score_adj"
    with contextlib.suppress(OSError, ValueError):
        path.write_text(str(min(_MOST_ADJ, int(path.read_text()) + _MORE_ADJ)))


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
