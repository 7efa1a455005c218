"""Python distributions: the METADATA of each `*.dist-info`, as installers leave it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from email.parser import HeaderParser

from packageurl import PackageURL

from tools.image.sbom.component import Component

_PATH = re.compile(r"(?:.*/)?[^/]+\.dist-info/METADATA")
_CLASSIFIER = "License :: OSI Approved :: "
CLASSIFIERS = {
    "MIT License": "MIT", "Apache Software License": "Apache-2.0", "BSD License": "BSD", "Zope Public License": "ZPL",
    "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}  # fmt: skip
"""What a trove classifier says, as far as it says one licence; `BSD` is not one, and stays a word."""
LONGEST_NAME = 60
"""Old packages put the whole text of their licence where its name belongs."""


def is_wanted(path: str) -> bool:
    """Whether a file of the image says something here."""
    return _PATH.fullmatch(path) is not None


def read(files: Mapping[str, bytes]) -> Iterator[Component]:
    """All distributions, in whatever environment they are."""
    for path, content in sorted(files.items()):
        if not is_wanted(path):
            continue
        fields = HeaderParser().parsestr(content.decode("utf-8", "replace"))
        name, version = fields["Name"], fields["Version"]
        if name and version:
            normal = re.sub(r"[-_.]+", "-", name).lower()
            yield Component(
                name=normal,
                version=version,
                purl=PackageURL("pypi", None, normal, version).to_string(),
                licences=licences(fields),
                source=path,
            )


def licences(fields: Message) -> tuple[str, ...]:
    """The expression where there is one (PEP 639), else the classifiers, else the field of old."""
    if expression := fields.get("License-Expression"):
        return (" ".join(expression.split()),)
    found = [c.removeprefix(_CLASSIFIER) for c in fields.get_all("Classifier", []) if c.startswith(_CLASSIFIER)]
    if found:
        return tuple(sorted({CLASSIFIERS.get(each, each) for each in found}))
    text = " ".join((fields.get("License") or "").split())
    return (text,) if 0 < len(text) <= LONGEST_NAME and text.upper() != "UNKNOWN" else ()
