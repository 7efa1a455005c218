"""promtool, which judges metrics and alerts as Prometheus does: an installed one, else the one in Debian's package of
Prometheus, which is unpacked into the cache and not installed: that would start a server. Only `make test` asks for it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.progress import Step

NAME = "promtool"
PACKAGE = "prometheus"


def ensure(cache_dir: Path, step: Step) -> str:
    """The path of the program; downloads Debian's where there is none."""
    kept = cache_dir / "toolchain" / NAME / NAME
    found = shutil.which(NAME) or (str(kept) if kept.is_file() else None)
    if found:
        step.note = "already there"
        return found
    if not shutil.which("apt-get"):
        raise PrerequisiteMissing(f"no {NAME} is there and this is no Debian", "install Prometheus")
    _unpack(kept, step)
    return str(kept)


def _unpack(kept: Path, step: Step) -> None:
    """Only the one program of it is kept, under its name when it is whole."""
    partial = kept.parent.with_name(f"{NAME}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    step.update("apt-get update")
    run(["apt-get", "update", "-q"], env=dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"})
    step.update(f"downloading {PACKAGE}")
    run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", PACKAGE], cwd=partial)
    for package in partial.glob("*.deb"):
        run(["dpkg", "-x", str(package), str(partial)])
    program = partial / "usr/bin" / NAME
    if not program.is_file():
        raise PrerequisiteMissing(f"the package {PACKAGE} has brought no {NAME}", "install Prometheus")
    kept.parent.mkdir(parents=True, exist_ok=True)
    program.rename(kept)
    shutil.rmtree(partial)
