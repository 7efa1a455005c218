"""Packages as dpkg records them, in one file or in many, and the licences that their copyright files name."""

import pytest

from tools.image.sbom import debian

ZLIB = """Package: zlib1g
Status: install ok installed
Maintainer: Mark Brown <broonie@debian.org>
Architecture: amd64
Source: zlib
Version: 1:1.2.13.dfsg-1
Description: compression library
 Package: no package at all
 Version: 0
"""
GONE = "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
LIBC = "Package: libc6\nSource: glibc (2.36-9)\nVersion: 2.36-9+b1\nArchitecture: amd64\n"


def test_one_file_for_all_gives_what_is_installed_and_only_that() -> None:
    """A removed package leaves its record behind; a folded description may look like one."""
    [found] = debian.read({debian.STATUS: f"{ZLIB}\n{GONE}".encode()}, "debian-12")
    assert (found.name, found.version) == ("zlib1g", "1:1.2.13.dfsg-1")
    assert found.purl == "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12"
    assert found.supplier.startswith("Mark Brown")


def test_a_file_for_each_package_counts_without_a_status() -> None:
    """So do images without a package manager have them; checksums beside them are no packages."""
    path = f"{debian.STATUS_FOLDER}libc6"
    assert not debian.is_wanted(f"{path}.md5sums")
    [found] = debian.read({path: LIBC.encode()}, "debian-12")
    assert found.source == path
    assert found.properties == {"source-package": "glibc", "source-version": "2.36-9"}


def test_the_licences_are_those_of_the_copyright_file() -> None:
    """Each once, by SPDX's names, in one order."""
    text = b"Format: DEP-5\nLicense: GPL-2+ or Artistic, and BSD-3-clause\n words\n\nLicense: Expat\n\nLicense: Expat\n"
    files = {debian.STATUS: ZLIB.encode(), "usr/share/doc/zlib1g/copyright": text}
    [found] = debian.read(files, "debian-12")
    assert found.licences == ("Artistic-1.0-Perl", "BSD-3-Clause", "GPL-2.0-or-later", "MIT")


@pytest.mark.parametrize(
    ("debian_name", "expected"),
    [
        ("GPL-3", "GPL-3.0-only"),
        ("LGPL-2.1+", "LGPL-2.1-or-later"),
        ("GFDL-1.3+", "GFDL-1.3-or-later"),
        ("zlib", "Zlib"),
        ("public-domain", "public-domain"),
        ("something-own", "something-own"),
    ],
)
def test_debians_names_become_spdxs_where_there_is_one(debian_name: str, expected: str) -> None:
    """What has none stays as it is."""
    assert debian.spdx(debian_name) == expected


def test_an_old_copyright_file_names_the_common_licences_that_it_refers_to() -> None:
    """Free text is not guessed at any further."""
    text = "It is free software. See /usr/share/common-licenses/LGPL-2.1.\nLicense text follows\n"
    assert debian.licences(text) == ("LGPL-2.1-only",)
    assert debian.licences("All rights reserved, but be kind.") == ()


def test_a_text_for_people_is_that_of_a_known_package_or_says_nothing() -> None:
    """Python's has twenty licences of its parts, each after a line of its own form."""
    text = "Python License\n==============\nLicense: Permission to use, copy, and distribute\n"
    assert debian.licences(text, "python3.11") == ("PSF-2.0",)
    assert debian.licences(text, "another") == ()
