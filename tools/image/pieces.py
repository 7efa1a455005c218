"""What an image is made of, by size: its layers, and what a person would call a piece (a package, a library, a folder).

Pure.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tools.image.layers import File
from tools.image.reading import Image, Layer

LARGE_LIBRARY_BYTES = 4_000_000
"""A library of its own in the table; the smaller ones count for their folder."""
_SITE = re.compile(r"(?:.*/)?(?:site|dist)-packages/(?P<name>[^/]+)")
_STEP = re.compile(r"^(?:RUN .*?/bin/sh -c |/bin/sh -c )|\s*# buildkit$|#\(nop\)\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an image with a name."""

    name: str
    num_files: int
    num_bytes: int


def of(files: Iterable[File], at_least_bytes: int = 0) -> list[Piece]:
    """The pieces, largest first; what is smaller than `at_least_bytes` is one piece, last."""
    counts: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    for file in files:
        if file.kind == "file":
            counts[name_of(file)] += 1
            sizes[name_of(file)] += file.size_bytes
    found = [Piece(name, counts[name], sizes[name]) for name in sizes]
    large = [piece for piece in found if piece.num_bytes >= at_least_bytes]
    small = [piece for piece in found if piece.num_bytes < at_least_bytes]
    large.sort(key=lambda piece: (-piece.num_bytes, piece.name))
    if small:
        rest = Piece("all else", sum(p.num_files for p in small), sum(p.num_bytes for p in small))
        return [*large, rest]
    return large


def name_of(file: File) -> str:
    """A large library by its own name, a Python package by its, all else by its folder."""
    parts = file.path.split("/")
    if parts[-1].startswith("lib") and ".so" in parts[-1] and file.size_bytes >= LARGE_LIBRARY_BYTES:
        return parts[-1]
    if match := _SITE.match(file.path):
        return _distribution(match["name"])
    if "lib" in parts[:2] and len(parts) > parts.index("lib") + 2:
        return parts[parts.index("lib") + 1]
    return "/" + "/".join(parts[: min(2, len(parts) - 1)])


def _distribution(folder: str) -> str:
    """`pydantic_core-2.1.dist-info` and `pydantic_core.libs` belong to `pydantic_core`."""
    name = re.sub(r"(-[\d.].*)?\.(dist-info|libs|py|so.*|pth)$", "", folder)
    return re.sub(r"\.(cpython|abi3).*$", "", name)


def step(layer: Layer) -> str:
    """What made a layer, in the Dockerfile's words."""
    return " ".join(_STEP.sub("", layer.made_by).split()) or "unknown"


def by_layer(image: Image) -> list[tuple[str, int, int]]:
    """What made it, its bytes compressed and unpacked."""
    return [(step(layer), layer.compressed_bytes, sum(f.size_bytes for f in layer.files)) for layer in image.layers]
