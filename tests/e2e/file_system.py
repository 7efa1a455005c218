"""All files that a running container sees, taken from the host: what was written between two looks?

Through /proc/PID/root, so nothing runs in the container for it, and it needs no shell there. Access times are left out:
reading is allowed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OF_THE_KERNEL = frozenset({"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs"})
"""File systems that hold no files of anybody's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What would show that something was written."""

    mode: int
    uid: int
    gid: int
    size_bytes: int
    modified_ns: int
    changed_ns: int


def process_of(container_id: str) -> int:
    """The first process of a container, as this machine numbers it; ProcessLookupError where there is none."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            belongs = container_id in (folder / "cgroup").read_text()
            namespaced = next(x for x in (folder / "status").read_text().splitlines() if x.startswith("NSpid:"))
        except (OSError, StopIteration):
            continue  # it has just ended
        if belongs and namespaced.split()[-1] == "1":
            return int(folder.name)
    raise ProcessLookupError(f"no process of the container {container_id}")


def snapshot(pid: int) -> dict[str, Entry]:
    """Path in the container -> its entry; all mounts but the kernel's. OSError where the process is gone."""
    skipped = set(kernel_mounts(Path(f"/proc/{pid}/mountinfo").read_text().splitlines()))
    root = Path(f"/proc/{pid}/root")
    return dict(_walk(root, "", skipped))


def kernel_mounts(mountinfo: Iterable[str]) -> Iterator[str]:
    """Where they are mounted."""
    for line in mountinfo:
        fields, _, rest = line.partition(" - ")
        if rest.split()[0] in OF_THE_KERNEL:
            yield fields.split()[4]


def _walk(root: Path, folder: str, skipped: set[str]) -> Iterator[tuple[str, Entry]]:
    try:
        entries = list(os.scandir(f"{root}{folder}/"))
    except FileNotFoundError:
        return
    for each in entries:
        path = f"{folder}/{each.name}"
        if path in skipped:
            continue
        try:
            found = each.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        yield (
            path,
            Entry(found.st_mode, found.st_uid, found.st_gid, found.st_size, found.st_mtime_ns, found.st_ctime_ns),
        )
        if stat.S_ISDIR(found.st_mode):
            yield from _walk(root, path, skipped)


def written(before: dict[str, Entry], after: dict[str, Entry], allowed: Iterable[str] = ()) -> list[str]:
    """What is new, gone or other, outside the folders that may be written to."""
    folders = tuple(allowed)
    differ = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    return sorted(p for p in differ if not any(p == f or p.startswith(f"{f}/") for f in folders))
