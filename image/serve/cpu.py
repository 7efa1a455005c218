"""What this container may use of the CPU: how many threads, and whether the compiled library can run at all.

Threads follow the cgroup quota, not the host's cores: more threads than quota means that all are stopped together.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from pathlib import Path

from serve.errors import SetupError

# What the compiler was allowed to use in the one-baseline build: the list in the Dockerfile.
BASELINE_FEATURES = {"x86_64": frozenset({"sse4_2", "avx", "avx2", "bmi2", "fma", "f16c"})}


def num_threads(root: Path = Path("/")) -> int:
    """Whole CPUs that this process may use, at least one."""
    cpus = len(os.sched_getaffinity(0))
    quota = _cgroup_quota(root)
    return max(1, cpus if quota is None else min(cpus, int(quota)))


def check_cpu(root: Path = Path("/"), machine: str = "", library: Path | None = None) -> None:
    """Raise SetupError, before the library is loaded, where it would end with an illegal instruction."""
    library = library or library_folder()
    if any(library.glob("libggml-cpu-*.so")):
        return  # built with all variants: it chooses one that runs here
    wanted = BASELINE_FEATURES.get(machine or platform.machine(), frozenset())
    missing = wanted - _cpu_features(root)
    if missing:
        raise SetupError(
            f"this CPU lacks {', '.join(sorted(missing))}, which this image was compiled for: "
            "use an image built with CPU_VARIANTS=all"
        )


def library_folder() -> Path:
    """Where llama.cpp's libraries are. It is not imported for that."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or spec.origin is None:
        raise SetupError("the package llama_cpp is not on the Python path: it is compiled by the image's build")
    return Path(spec.origin).parent / "lib"


def _cpu_features(root: Path) -> frozenset[str]:
    for line in (root / "proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            return frozenset(line.split(":", 1)[1].split())
    return frozenset()


def _cgroup_quota(root: Path) -> float | None:
    """The smallest CPU quota on the way from this process's cgroup up to the root, in CPUs; None = no limit."""
    quotas = [q for folder in cgroup_folders(root, "cpu") if (q := _quota_v2(folder) or _quota_v1(folder))]
    return min(quotas, default=None)


def cgroup_folders(root: Path, controller: str) -> list[Path]:
    """Where the limits of this process may be written, of version 1 and 2, from the root down to its own."""
    mount = root / "sys/fs/cgroup"
    folders = [mount, mount / controller]
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        base = mount / controller if controllers else mount
        parts = [p for p in path.split("/") if p not in ("", "..")]
        folders += [base.joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    return folders


def _quota_v2(folder: Path) -> float | None:
    quota, _, period = _read(folder / "cpu.max").strip().partition(" ")
    return int(quota) / int(period) if quota.isdigit() else None


def _quota_v1(folder: Path) -> float | None:
    quota = _read(folder / "cpu.cfs_quota_us").strip()
    period = _read(folder / "cpu.cfs_period_us").strip()
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
