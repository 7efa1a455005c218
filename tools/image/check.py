"""Reads an image once and asks all of checks/: `make image-check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tools.image import elf, reading
from tools.image.checks import files, libraries, secrets, told
from tools.image.checks.files import Expected
from tools.image.checks.secrets import Searcher
from tools.image.layers import File
from tools.image.registry import Reference


@dataclass(slots=True)
class _Seen:
    """What is kept of the contents that pass."""

    searcher: Searcher
    wants: dict[str, elf.Wants] = field(default_factory=dict)

    def look(self, file: File, content: bytes) -> None:
        self.searcher.look(file, content)
        found = elf.wants(content)
        if found is not None:
            self.wants[file.path] = found


def findings(http: httpx.Client, ref: Reference, expected: Expected, ca_file: Path | None) -> list[str]:
    """Everything that is wrong with an image; `ca_file` is the bundle that its build was given as a secret."""
    own = frozenset[bytes]()
    if ca_file:
        own = secrets.own_certificates(ca_file.read_text(errors="replace"), secrets.public_bundles())
    seen = _Seen(Searcher(own))
    image = reading.read(http, ref, seen.look)
    root = image.root
    wanted = {path: wants for path, wants in seen.wants.items() if path in root}
    return [
        *told.findings(image.config, root),
        *files.findings(root, expected),
        *libraries.findings(root, wanted),
        *seen.searcher.found,
        *secrets.told(image.config),
    ]
