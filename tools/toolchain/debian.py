"""Programs that Debian ships in a version that serves: no compile, no change to the system where that can be had.

`unpacked` packages are only unpacked into the cache: installing docker-registry would start a service, and installing
runc would conflict with Docker's own. `installed` ones need their place in the system.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.progress import Step

UNPACKED = ("runc", "containernetworking-plugins", "docker-registry")
INSTALLED = {"iptables": "iptables", "debootstrap": "debootstrap", "ip": "iproute2"}
"""Program -> package."""


@dataclass(frozen=True, slots=True)
class DebianPrograms:
    """Paths of the programs that come from Debian packages."""

    root: Path

    @property
    def runc(self) -> Path:
        """The OCI runtime."""
        return self.root / "usr/sbin/runc"

    @property
    def cni_dir(self) -> Path:
        """Folder of the CNI plugins."""
        return self.root / "usr/lib/cni"

    @property
    def registry(self) -> Path:
        """The image registry (CNCF distribution)."""
        return self.root / "usr/bin/docker-registry"


def ensure(cache_dir: Path, step: Step) -> DebianPrograms:
    """Unpack and install what is missing."""
    unpacked = cache_dir / "toolchain" / "debian"
    missing = [package for program, package in INSTALLED.items() if not shutil.which(program)]
    if unpacked.is_dir() and not missing:
        step.note = "already there"
        return DebianPrograms(unpacked)
    if not shutil.which("apt-get"):
        raise PrerequisiteMissing(
            f"{', '.join(missing) or 'runc, CNI plugins and a registry'} missing and this is no Debian",
            "install them, or name a cluster of your own with KUBECONFIG",
        )
    step.update("apt-get update")
    env = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"], env=env)
    if missing:
        step.update("installing " + ", ".join(missing))
        run(["apt-get", "install", "-qy", "--no-install-recommends", *missing], env=env)
    if not unpacked.is_dir():
        _unpack(unpacked, step)
    return DebianPrograms(unpacked)


def _unpack(target: Path, step: Step) -> None:
    partial = target.with_name("debian.partial")
    shutil.rmtree(partial, ignore_errors=True)
    downloads = partial / "downloads"
    downloads.mkdir(parents=True)
    step.update("downloading " + ", ".join(UNPACKED))
    run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", *UNPACKED], cwd=downloads)
    for package in sorted(downloads.glob("*.deb")):
        run(["dpkg", "-x", str(package), str(partial)])
    shutil.rmtree(downloads)
    partial.rename(target)
