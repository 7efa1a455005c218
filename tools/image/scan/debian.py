"""Are a Debian image's packages the newest of its release, security updates included?

apt answers, with sources, lists and an architecture of its own in a folder that is gone afterwards: this machine's own
release and sources do not matter. Any machine with apt and Debian's keyring will do.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from packageurl import PackageURL

from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.image.sbom.component import Component

MIRROR = "http://deb.debian.org"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PREFIX = "pkg:deb/debian/"
CODENAMES = {"12": "bookworm", "13": "trixie"}
Run = Callable[[list[str]], str]
_CANDIDATE = re.compile(r"^(\S+):\n(?:  .*\n)*?  Candidate: (\S+)$", re.MULTILINE)


def outdated(packages: Sequence[Component], runs: Run = run) -> list[str]:
    """A line for each package that Debian has another version of, or does not have (any more)."""
    if not packages:
        return []
    about = [PackageURL.from_string(package.purl).to_dict()["qualifiers"] or {} for package in packages]
    release = str(about[0].get("distro", "")).partition("-")[2]
    # Packages for all machines are listed with those of each.
    machine = next((each["arch"] for each in about if each.get("arch", "all") != "all"), "amd64")
    newest = candidates(release, machine, sorted({package.name for package in packages}), runs)
    return [
        f"{package.name} {package.version}: Debian {release} has {newest.get(package.name, 'none')}"
        for package in packages
        if newest.get(package.name) != package.version
    ]


def candidates(release: str, architecture: str, names: list[str], runs: Run = run) -> Mapping[str, str]:
    """Name -> the version that `apt-get install` would take on a machine of that release."""
    if not shutil.which("apt-get") or not KEYRING.exists():
        raise PrerequisiteMissing(
            "no apt, or no keyring of Debian's",
            "install the packages apt and debian-archive-keyring, or run it in Debian",
        )
    with tempfile.TemporaryDirectory() as tmp:
        options = _apart(Path(tmp), CODENAMES.get(release, release), architecture)
        runs(["apt-get", *options, "-qq", "update"])
        return dict(_CANDIDATE.findall(runs(["apt-cache", *options, "policy", *names])))


def _apart(folder: Path, suite: str, architecture: str) -> list[str]:
    """Options of an apt that shares nothing with this machine's."""
    sources = folder / "sources.list"
    signed = f"deb [signed-by={KEYRING}] {MIRROR}"
    sources.write_text(
        f"{signed}/debian {suite} main\n{signed}/debian {suite}-updates main\n"
        f"{signed}/debian-security {suite}-security main\n"
    )
    for name in ("state/lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True)
    settings = {
        "Dir::State": folder / "state", "Dir::State::status": "/dev/null", "Dir::Cache": folder / "cache",
        "Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": architecture, "APT::Architectures": architecture,
        # Only the lists of packages: no translations, no icons.
        "Acquire::Languages": "none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    }  # fmt: skip
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
