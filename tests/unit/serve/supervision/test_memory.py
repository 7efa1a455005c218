"""Tests of serve.supervision.memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve.supervision.memory import OWN_BYTES, go_first, memory_budget

GIB = 1024**3


def machine(root: Path, limits: dict[str, str], available_kib: int | None = None) -> Path:
    """The files of a machine."""
    for name, text in limits.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/pod/one\n3:memory:/box\n")
    if available_kib is not None:
        (root / "proc/meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable: {available_kib} kB\n")
    return root


@pytest.mark.parametrize(
    ("limits", "available_kib", "total"),
    [
        ({"pod/memory.max": f"{4 * GIB}\n", "pod/one/memory.max": f"{2 * GIB}\n"}, 1, 2 * GIB),
        ({"pod/memory.max": f"{4 * GIB}\n", "pod/one/memory.max": "max\n"}, 1, 4 * GIB),
        ({"memory/box/memory.limit_in_bytes": f"{3 * GIB}"}, 1, 3 * GIB),
        ({"memory/box/memory.limit_in_bytes": "9223372036854771712"}, 1024 * 1024, GIB),
        ({"memory.max": "max"}, 1024 * 1024, GIB),
        ({}, 1024 * 1024, GIB),
    ],
)
def test_the_smallest_limit_counts_else_what_is_free(
    tmp_path: Path, limits: dict[str, str], available_kib: int, total: int
) -> None:
    """Of either version; less what the server itself takes."""
    assert memory_budget(machine(tmp_path, limits, available_kib)) == total - OWN_BYTES


def test_a_small_container_has_none_and_an_unknown_machine_any(tmp_path: Path) -> None:
    """Never less than nothing."""
    assert memory_budget(machine(tmp_path, {"memory.max": "1000"})) == 0
    assert memory_budget(tmp_path / "nowhere") is None


@pytest.mark.parametrize(("before", "after"), [("0\n", "300"), ("-997\n", "-697"), ("985\n", "1000"), ("?", "?")])
def test_a_worker_goes_before_the_server(tmp_path: Path, before: str, after: str) -> None:
    """By as much as the kernel allows; where it can't be said it is not."""
    path = tmp_path / "proc/self/oom_score_adj"
    path.parent.mkdir(parents=True)
    path.write_text(before)
    go_first(tmp_path)
    assert path.read_text() == after
    go_first(tmp_path / "nowhere")
