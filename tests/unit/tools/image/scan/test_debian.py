"""A package that is not the newest of its release is named; apt is asked for that release and machine, and no other."""

from pathlib import Path

import pytest

from tools.errors import PrerequisiteMissing
from tools.image.sbom.component import Component
from tools.image.scan import debian

POLICY = """libc6:
  Installed: (none)
  Candidate: 2.36-9+deb12u14
  Version table:
     2.36-9+deb12u14 500
        500 http://deb.debian.org/debian bookworm/main arm64 Packages
zlib1g:
  Installed: (none)
  Candidate: 1:1.2.13.dfsg-1
  Version table:
"""


class Apt:
    """Remembers what it is asked, and what its sources are while it is."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.sources = ""

    def __call__(self, argv: list[str]) -> str:
        self.asked.append(argv)
        [sources] = [word.partition("=")[2] for word in argv if word.startswith("Dir::Etc::sourcelist=")]
        self.sources = Path(sources).read_text()
        return POLICY


@pytest.fixture(autouse=True)
def _with_apt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(debian, "KEYRING", tmp_path)


def package(name: str, version: str, arch: str = "arm64") -> Component:
    """Of Debian 12."""
    return Component(name, version, f"pkg:deb/debian/{name}@{version}?arch={arch}&distro=debian-12")


def test_a_package_that_is_not_the_newest_is_named_with_the_one_that_is() -> None:
    """Versions are compared by apt; a package that Debian does not have is one that nobody mends."""
    packages = [package("zlib1g", "1:1.2.13.dfsg-1"), package("libc6", "2.36-9"), package("own", "1")]
    assert debian.outdated(packages, Apt()) == [
        "libc6 2.36-9: Debian 12 has 2.36-9+deb12u14",
        "own 1: Debian 12 has none",
    ]


def test_apt_is_asked_for_the_images_release_and_machine_apart_from_this_one() -> None:
    """Packages for all machines say nothing of which it is."""
    apt = Apt()
    debian.outdated([package("tzdata", "1", "all"), package("libc6", "2.36-9")], apt)
    update, policy = apt.asked
    assert update[-1] == "update"
    assert policy[-3:] == ["policy", "libc6", "tzdata"]
    assert "APT::Architecture=arm64" in policy
    assert "/debian-security bookworm-security main" in apt.sources
    assert not Path(policy[policy.index("-o") + 1].partition("=")[2]).exists()


def test_nothing_is_asked_for_an_image_without_packages() -> None:
    """An image of one program."""
    apt = Apt()
    assert debian.outdated([], apt) == []
    assert apt.asked == []


def test_without_apt_it_is_said_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that nothing was found."""
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(PrerequisiteMissing, match="no apt"):
        debian.outdated([package("libc6", "1")], Apt())
