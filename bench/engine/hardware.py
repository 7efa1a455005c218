"""The machine that measured: what it is, and how much else it does."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

BUSY_SHARE = 0.15
LOOK_S = 0.25


def describe(root: Path = Path("/")) -> dict[str, object]:
    """Values that a reader needs to compare numbers."""
    return {
        "cpu": cpu_model((root / "proc/cpuinfo").read_text()),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory_bytes((root / "proc/meminfo").read_text()) / 2**30, 1),
        "kernel": platform.release(),
    }


def load() -> float:
    """How many processes ran or waited to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def cpu_model(cpuinfo: str) -> str:
    """As /proc/cpuinfo names it; not every architecture does."""
    names = [line.split(":", 1)[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_bytes(meminfo: str) -> int:
    """All there is."""
    return next(int(line.split()[1]) * 1024 for line in meminfo.splitlines() if line.startswith("MemTotal"))


def busy_share(before: str, after: str) -> float:
    """Of all cores, between two looks at /proc/stat."""
    (total, idle), (later, later_idle) = _times(before), _times(after)
    return 1 - (later_idle - idle) / (later - total) if later > total else 0.0


def wait_until_quiet(limit_s: float, sleep: Callable[[float], None] = time.sleep) -> float:
    """Until little else runs, or for so long. Returns how long that took: our servers are idle meanwhile."""
    started = time.monotonic()
    while time.monotonic() - started < limit_s:
        before = _stat()
        sleep(LOOK_S)
        if busy_share(before, _stat()) <= BUSY_SHARE:
            break
    return time.monotonic() - started


def _stat() -> str:
    with Path("/proc/stat").open() as file:
        return file.readline()


def _times(stat: str) -> tuple[int, int]:
    """Of the first line, that of all cores: everything, and idle or waiting for a disk."""
    values = [int(word) for word in stat.split()[1:9]]
    return sum(values), values[3] + values[4]
