"""Tests of serve.cpu, on made-up /proc and /sys trees."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from serve.cpu import BASELINE_FEATURES, check_cpu, num_threads
from serve.errors import SetupError


@pytest.fixture(autouse=True)
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host has eight cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def tree(root: Path, **files: str) -> Path:
    """Write files below a root; `__` in a name stands for `/`."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("cpu_max", "cpu.max").replace("cfs_", "cpu.cfs_")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.parametrize(
    ("quota", "threads"),
    [("max 100000", 8), ("200000 100000", 2), ("150000 100000", 1), ("50000 100000", 1), ("1600000 100000", 8)],
)
def test_threads_follow_the_quota_of_cgroup_v2(tmp_path: Path, quota: str, threads: int) -> None:
    """Whole CPUs, at least one, never more than there are."""
    assert num_threads(tree(tmp_path, sys__fs__cgroup__cpu_max=quota)) == threads


@pytest.mark.parametrize(("quota", "threads"), [("-1", 8), ("300000", 3)])
def test_threads_follow_the_quota_of_cgroup_v1(tmp_path: Path, quota: str, threads: int) -> None:
    """The older files say the same."""
    root = tree(tmp_path, sys__fs__cgroup__cpu__cfs_quota_us=quota, sys__fs__cgroup__cpu__cfs_period_us="100000")
    assert num_threads(root) == threads


def test_the_tightest_quota_on_the_way_up_counts(tmp_path: Path) -> None:
    """A pod's limit holds also where the container's own is wider."""
    root = tree(
        tmp_path,
        proc__self__cgroup="0::/kubepods/pod1/container1\n",
        sys__fs__cgroup__kubepods__pod1__cpu_max="200000 100000",
        sys__fs__cgroup__kubepods__pod1__container1__cpu_max="400000 100000",
    )
    assert num_threads(root) == 2


def test_without_any_cgroup_all_cpus_count(tmp_path: Path) -> None:
    """A plain machine."""
    assert num_threads(tmp_path) == 8


def test_a_cpu_without_avx2_is_refused_in_one_line(tmp_path: Path) -> None:
    """The baseline build would die there of an illegal instruction; the error says what is missing and what helps."""
    root = tree(tmp_path, proc__cpuinfo="processor: 0\nflags\t\t: fpu sse4_2 avx f16c\n")
    with pytest.raises(SetupError, match=r"this CPU lacks avx2, bmi2, fma.*CPU_VARIANTS=all"):
        check_cpu(root, "x86_64", tmp_path)


def test_a_good_cpu_passes(tmp_path: Path) -> None:
    """All features of the baseline are there."""
    root = tree(tmp_path, proc__cpuinfo=f"flags : {' '.join(BASELINE_FEATURES['x86_64'])} more\n")
    check_cpu(root, "x86_64", tmp_path)


def test_the_build_with_all_variants_runs_on_any_cpu(tmp_path: Path) -> None:
    """It chooses a variant itself when it starts."""
    (tmp_path / "libggml-cpu-x64.so").touch()
    check_cpu(tree(tmp_path, proc__cpuinfo="flags : fpu\n"), "x86_64", tmp_path)


def test_other_machines_need_nothing_special(tmp_path: Path) -> None:
    """The arm64 baseline is every arm64."""
    check_cpu(tree(tmp_path, proc__cpuinfo="Features : fp asimd\n"), "aarch64", tmp_path)


def test_the_list_is_the_dockerfiles_list() -> None:
    """What the compiler may use and what the server asks for are one list."""
    text = (Path(__file__).parents[3] / "image" / "Dockerfile").read_text()
    (line,) = [line for line in text.splitlines() if "baseline) variants=" in line]
    compiled = {name.lower().replace("sse42", "sse4_2") for name in re.findall(r"GGML_(\w+)=ON", line)}
    assert compiled == BASELINE_FEATURES["x86_64"]
