"""Every library that a file of the image wants is in the image, where the loader will look for it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from tools.image.checks.files import resolve
from tools.image.elf import Wants
from tools.image.layers import File

DEFAULT_FOLDERS = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib")
FROM_DRIVER = frozenset({"libcuda.so.1", "libnvidia-ml.so.1"})
"""Mounted into the container by the node, whose driver they belong to."""


def findings(root: Mapping[str, File], wanted: Mapping[str, Wants]) -> Iterator[str]:
    """`wanted`: path of each ELF file -> what it wants."""
    folders = [*DEFAULT_FOLDERS, *_of_architectures(root)]
    for path, wants in sorted(wanted.items()):
        for name in wants.needed:
            if name in FROM_DRIVER:
                continue
            searched = [_folder(path, entry) for entry in wants.search] + folders
            if not any(_is_file(root, f"{folder}/{name}") for folder in searched):
                yield f"/{path}: wants {name}, which is not in the image"


def _of_architectures(root: Mapping[str, File]) -> list[str]:
    """Debian's, such as usr/lib/x86_64-linux-gnu."""
    return sorted({path.rpartition("/")[0] for path in root if "-linux-gnu/" in path and path.count("/") <= 3})


def _folder(path: str, entry: str) -> str:
    origin = "/" + posixpath.dirname(path)
    expanded = entry.replace("${ORIGIN}", origin).replace("$ORIGIN", origin)
    return posixpath.normpath(expanded).strip("/")


def _is_file(root: Mapping[str, File], path: str) -> bool:
    reached = resolve(root, path)
    return reached is not None and reached in root and root[reached].kind in ("file", "hard link")
