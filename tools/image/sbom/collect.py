"""Picks out of an image's layers the files that say what is installed, and reads them.

A file counts only where containers see it: what a later layer replaced or removed is not a part of the image any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tools.image.layers import File
from tools.image.reading import Image
from tools.image.sbom import debian, golang, native, python
from tools.image.sbom.component import Component, Kind

OS_RELEASE = ("etc/os-release", "usr/lib/os-release")


@dataclass(slots=True)
class Collector:
    """Looks at every file of every layer once; keeps few texts, and of libraries (up to 500 MB) only what they are."""

    _texts: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _libraries: dict[tuple[str, str], tuple[Component, ...]] = field(default_factory=dict)

    def look(self, file: File, content: bytes) -> None:
        """As `reading.read` shows them."""
        key = file.path, file.sha256
        if native.is_wanted(file.path):
            self._libraries[key] = tuple(native.read(file.path, content))
        elif golang.is_wanted(file.path):
            self._libraries[key] = tuple(golang.read(file.path, content))
        elif debian.is_wanted(file.path) or python.is_wanted(file.path) or file.path in OS_RELEASE:
            self._texts[key] = content

    def components(self, image: Image) -> tuple[Component, ...]:
        """Everything that a container of the image has, in one order, each once."""
        root = image.root
        texts = {path: text for (path, sha256), text in self._texts.items() if _is(root.get(path), sha256)}
        libraries = [each for (path, sha256), each in self._libraries.items() if _is(root.get(path), sha256)]
        texts |= _linked_copyrights(root, texts)
        system = operating_system(texts)
        distribution = f"{system.name}-{system.version}" if system else "debian"
        found = [*debian.read(texts, distribution), *python.read(texts), *(c for each in libraries for c in each)]
        return _once([*([system] if system else []), *found])


def _is(file: File | None, sha256: str) -> bool:
    return file is not None and file.sha256 == sha256


def _linked_copyrights(root: Mapping[str, File], texts: Mapping[str, bytes]) -> dict[str, bytes]:
    """Packages of one source often share a folder of documentation by a link."""
    folder = debian.DOCUMENTATION
    linked = {path: file.target for path, file in root.items() if path.startswith(folder) and file.kind == "link"}
    there = {path: f"{folder}{target.rpartition('/')[2]}/copyright" for path, target in linked.items()}
    return {f"{path}/copyright": texts[target] for path, target in there.items() if target in texts}


def operating_system(files: Mapping[str, bytes]) -> Component | None:
    """What os-release says; an image of one program has none."""
    for path in OS_RELEASE:
        if path in files:
            lines = (line.partition("=") for line in files[path].decode("utf-8", "replace").splitlines())
            said = {name: value.strip().strip("\"'") for name, _, value in lines}
            name, version = said.get("ID", "linux"), said.get("VERSION_ID", "")
            return Component(name, version, "", Kind.OPERATING_SYSTEM, source=path)
    return None


def _once(found: Iterable[Component]) -> tuple[Component, ...]:
    """The same library in two folders is one component: the first path stands for both."""
    unique: dict[tuple[str, str, str], Component] = {}
    for each in sorted(found, key=lambda c: (c.kind.value, c.name, c.version, c.source)):
        unique.setdefault((each.purl or each.name, each.version, each.sha256), each)
    return tuple(unique.values())
