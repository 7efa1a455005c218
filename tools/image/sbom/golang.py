"""Go programs: the modules that they were linked from, which Go writes into each program (`go version -m` shows them).

Read from the file as it lies there, in the form that Go has had since 1.18: a mark, then Go's release and the list of
modules, each with its length in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packageurl import PackageURL

from tools.image.sbom.component import Component, Kind

_PROGRAM = re.compile(r"(?:.*/)?s?bin/[^/]+")
MARK = b"\xff Go buildinf:"
INLINE = 2
"""The flag that says that texts follow, not their addresses."""
HEADER_BYTES = 32
GUARD_BYTES = 16
"""On both sides of the list of modules."""


def is_wanted(path: str) -> bool:
    """Whether a file of the image says something here."""
    return _PROGRAM.fullmatch(path) is not None


def read(path: str, content: bytes) -> Iterator[Component]:
    """The program, its modules and Go's own library; nothing of what is no program of Go's."""
    start = content.find(MARK)
    if start < 0 or len(content) < start + HEADER_BYTES or not content[start + len(MARK) + 1] & INLINE:
        return
    release, after = _text(content, start + HEADER_BYTES)
    modules, _ = _text(content, after)
    go = release.decode("ascii", "replace").removeprefix("go").split(" ")[0]
    yield Component(
        "stdlib", go, PackageURL("golang", None, "stdlib", go).to_string(), Kind.LIBRARY, ("BSD-3-Clause",), path
    )
    yield from _modules(modules[GUARD_BYTES:-GUARD_BYTES].decode("utf-8", "replace"), path)


def _modules(listed: str, path: str) -> list[Component]:
    found: list[Component] = []
    for line in listed.splitlines():
        kind, *words = line.split("\t")
        if len(words) < 2:
            continue
        if kind == "=>" and found:  # what was linked instead
            found.pop()
        if kind in ("mod", "dep", "=>"):
            found.append(_module(words[0], words[1], path, is_program=kind == "mod"))
    return found


def _module(name: str, version: str, path: str, *, is_program: bool) -> Component:
    namespace, _, last = name.rpartition("/")
    return Component(
        name=name,
        # Of a program that was built from a checkout Go knows no version.
        version="" if version == "(devel)" else version,
        purl=PackageURL("golang", namespace or None, last, "" if version == "(devel)" else version).to_string(),
        kind=Kind.APPLICATION if is_program else Kind.LIBRARY,
        source=path,
    )


def _text(content: bytes, at: int) -> tuple[bytes, int]:
    """A text with its length in front, seven bits a byte; where the next one begins."""
    length = shift = 0
    while at < len(content):
        length |= (content[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if content[at - 1] < 0x80:
            break
    return content[at : at + length], at + length
