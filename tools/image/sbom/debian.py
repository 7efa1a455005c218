"""Debian packages: dpkg's records, and the licences that their copyright files name.

An image has the records in one file (`var/lib/dpkg/status`, with a package manager) or one a package
(`var/lib/dpkg/status.d/`, without, as scanners know it from distroless images). Debian names licences in its own short
words (DEP-5); those with an SPDX identifier are given by it. Free text of old copyright files is not guessed at: of it
only references to /usr/share/common-licenses count, and a few packages are known (FREE_TEXT).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.parser import HeaderParser

from packageurl import PackageURL

from tools.image.sbom.component import Component, Kind

STATUS = "var/lib/dpkg/status"
STATUS_FOLDER = "var/lib/dpkg/status.d/"
DOCUMENTATION = "usr/share/doc/"
COPYRIGHT = re.compile(rf"{DOCUMENTATION}([^/]+)/copyright")
_LICENCE = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE | re.IGNORECASE)
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])")
_FAMILY = re.compile(r"(?P<name>A?GPL|LGPL|GFDL)-(?P<version>\d+(?:\.\d+)?)(?P<later>\+?)", re.IGNORECASE)
SPDX = {
    "expat": "MIT", "mit": "MIT", "apache-2.0": "Apache-2.0", "apache-2": "Apache-2.0", "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "isc": "ISC", "zlib": "Zlib", "openssl": "OpenSSL",
    "artistic": "Artistic-1.0-Perl", "mpl-1.1": "MPL-1.1", "mpl-2.0": "MPL-2.0", "cc0-1.0": "CC0-1.0", "0bsd": "0BSD",
    "python": "PSF-2.0", "psf-2": "PSF-2.0", "public-domain": "public-domain", "pd": "public-domain",
}  # fmt: skip
"""Debian's short name in small letters -> SPDX's; public domain has none."""
FREE_TEXT = {
    "base-files": "GPL-2.0-or-later",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "python3.11": "PSF-2.0",
}
"""Source package -> the licence of the parts that images have, where the copyright file is a text for people."""


def is_wanted(path: str) -> bool:
    """Whether a file of the image says something here."""
    is_status = path == STATUS or (path.startswith(STATUS_FOLDER) and not path.endswith(".md5sums"))
    return is_status or COPYRIGHT.fullmatch(path) is not None


def read(files: Mapping[str, bytes], distribution: str) -> Iterator[Component]:
    """All packages; `distribution` is e.g. `debian-12`."""
    for path, content in sorted(files.items()):
        if path != STATUS and not path.startswith(STATUS_FOLDER):
            continue
        for fields in _stanzas(content.decode("utf-8", "replace")):
            if "installed" in fields.get("Status", "install ok installed").split():
                yield _component(fields, files, path, distribution)


def _component(fields: Mapping[str, str], files: Mapping[str, bytes], path: str, distribution: str) -> Component:
    name, version = fields["Package"], fields["Version"]
    source, source_version = _source(fields.get("Source", ""), name, version)
    distro = distribution.partition("-")[0]
    qualifiers = {"arch": fields.get("Architecture", ""), "distro": distribution}
    text = files.get(f"usr/share/doc/{name}/copyright", b"").decode("utf-8", "replace")
    return Component(
        name=name,
        version=version,
        purl=PackageURL("deb", distro, name, version, {k: v for k, v in qualifiers.items() if v}).to_string(),
        kind=Kind.LIBRARY,
        licences=licences(text, source),
        source=path,
        supplier=fields.get("Maintainer", ""),
        properties={"source-package": source, "source-version": source_version},
    )


def licences(copyright_text: str, source: str = "") -> tuple[str, ...]:
    """The licences that a copyright file names, by SPDX's names as far as they have one; sorted."""
    if copyright_text.startswith("Format:"):
        named = {word for line in _LICENCE.findall(copyright_text) for word in _alternatives(line)}
        return tuple(sorted({spdx(word) for word in named}))
    if source in FREE_TEXT:
        return (FREE_TEXT[source],)
    return tuple(sorted({spdx(word) for word in _COMMON.findall(copyright_text)}))


def spdx(debian: str) -> str:
    """`GPL-2+` -> `GPL-2.0-or-later`; what has no such name stays as it is."""
    if family := _FAMILY.fullmatch(debian):
        version = family["version"] if "." in family["version"] else f"{family['version']}.0"
        return f"{family['name'].upper()}-{version}-{'or-later' if family['later'] else 'only'}"
    return SPDX.get(debian.lower(), debian)


def _alternatives(line: str) -> list[str]:
    """`GPL-2+ or Artistic, and BSD-3-clause` -> its three names; exceptions are left out."""
    without = re.sub(r"\bwith\b.*?\bexception\b", "", line, flags=re.IGNORECASE)
    return [
        word for word in re.split(r"\s+(?:or|and|and/or)\s+|\s*,\s*(?:or|and)?\s*|\s*\|\s*", without.strip()) if word
    ]


def _source(field: str, name: str, version: str) -> tuple[str, str]:
    """`glibc (2.36-9)`; a package without this field is its own source."""
    match = re.fullmatch(r"(\S+)(?:\s+\((\S+)\))?", field)
    return (match[1], match[2] or version) if match else (name, version)


def _stanzas(text: str) -> Iterator[Mapping[str, str]]:
    for stanza in re.split(r"\n\s*\n", text):
        # A folded description may hold anything; RFC 822's folding is dpkg's, too.
        fields = dict(HeaderParser().parsestr(stanza.lstrip("\n")).items())
        if "Package" in fields and "Version" in fields:
            yield fields
