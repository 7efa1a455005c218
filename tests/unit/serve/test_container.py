"""How much memory the container has, from made-up file systems as the kernel writes them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from serve.container import Memory, container_id, read_memory

MIB = 1024 * 1024
MEMINFO = "MemTotal:       16000 kB\nMemFree:        1000 kB\nMemAvailable:   12000 kB\n"


def machine(root: Path, files: dict[str, str]) -> Path:
    """A file system with these files."""
    for name, text in ({"proc/meminfo": MEMINFO} | files).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def cgroup(folder: str, limit: str, used: int = 100 * MIB, stat: str = "file 0\n") -> dict[str, str]:
    """A cgroup of version 2."""
    return {
        f"{folder}/memory.max": f"{limit}\n",
        f"{folder}/memory.current": f"{used}\n",
        f"{folder}/memory.stat": stat,
    }


def test_what_can_be_given_back_is_not_taken(tmp_path: Path) -> None:
    """The page cache, where mapped weights are; but not files in memory, which are in it, too."""
    stat = f"anon {30 * MIB}\nfile {60 * MIB}\nshmem {5 * MIB}\nslab_reclaimable {10 * MIB}\n"
    root = machine(tmp_path, cgroup("sys/fs/cgroup", str(200 * MIB), 100 * MIB, stat))
    assert read_memory(root) == Memory(35 * MIB, 200 * MIB, is_bound=True)


def test_the_tightest_cgroup_counts(tmp_path: Path) -> None:
    """A pod's limit may be tighter than its container's."""
    files = cgroup("sys/fs/cgroup", "max") | cgroup("sys/fs/cgroup/pod", str(150 * MIB), 120 * MIB)
    files |= cgroup("sys/fs/cgroup/pod/box", str(200 * MIB)) | {"proc/self/cgroup": "0::/pod/box\n"}
    assert read_memory(machine(tmp_path, files)) == Memory(120 * MIB, 150 * MIB, is_bound=True)


def test_version_1_is_read_too(tmp_path: Path) -> None:
    """Under other names; its limit is a very large number where there is none."""
    folder = "sys/fs/cgroup/memory"
    files = {
        f"{folder}/memory.limit_in_bytes": str(200 * MIB),
        f"{folder}/memory.usage_in_bytes": str(90 * MIB),
        f"{folder}/memory.stat": f"total_cache {50 * MIB}\ntotal_shmem {10 * MIB}\n",
    }
    assert read_memory(machine(tmp_path, files)) == Memory(50 * MIB, 200 * MIB, is_bound=True)
    unlimited = files | {f"{folder}/memory.limit_in_bytes": "9223372036854771712"}
    assert read_memory(machine(tmp_path, unlimited)) == Memory(4000 * 1024, 16000 * 1024, is_bound=False)


def test_a_file_system_that_tells_nothing_is_nothing_to_worry_about(tmp_path: Path) -> None:
    """Zeros, and never short."""
    assert read_memory(tmp_path) == Memory(0, 0, is_bound=False)
    assert not read_memory(tmp_path).is_short(0.5)


@pytest.mark.parametrize(("used", "is_bound", "short"), [(97, True, False), (98, True, True), (100, False, False)])
def test_memory_is_short_close_to_a_limit(used: int, is_bound: bool, short: bool) -> None:
    """Of our own only: how full a machine may be is its owner's business."""
    assert Memory(used, 100, is_bound).is_short(0.98) == short


def test_a_container_is_called_as_its_host() -> None:
    """The name of the pod."""
    assert container_id() == socket.gethostname()
