"""Whether two builds with nothing kept between them make one image; where not, what is the first difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from tools.image.layers import File
from tools.image.reading import Image

COMPARED = tuple(f.name for f in fields(File) if f.name != "path")


def difference(one: Image, other: Image) -> str | None:
    """None: the same digest, so the same bytes."""
    if one.digest == other.digest:
        return None
    return next(_differences(one, other), "only in how the layers are compressed: the manifests differ, no file does")


def _differences(one: Image, other: Image) -> Iterator[str]:
    """From the first layer on: what is built later differs because of what was built before."""
    if len(one.layers) != len(other.layers):
        yield f"{len(one.layers)} layers and {len(other.layers)}"
    for number, (first, second) in enumerate(zip(one.layers, other.layers, strict=False), start=1):
        for found in files(first.files, second.files):
            yield f"layer {number} ({first.made_by[:80]}): {found}"
    yield from settings(one.config, other.config)


def files(one: tuple[File, ...], other: tuple[File, ...]) -> Iterator[str]:
    """In two lists of files."""
    left, right = ({file.path: file for file in listed} for listed in (one, other))
    for path in left | right:
        if path not in left or path not in right:
            yield f"/{path} is only in the {'first' if path in left else 'second'}"
        elif left[path] != right[path]:
            yield f"/{path}: {_attributes(left[path], right[path])}"
    if left == right and list(left) != list(right):
        first = next(a for a, b in zip(left, right, strict=True) if a != b)
        yield f"the files are in another order, from /{first} on"


def _attributes(one: File, other: File) -> str:
    differ = [name for name in COMPARED if getattr(one, name) != getattr(other, name)]
    return ", ".join(f"{name} {getattr(one, name)} and {getattr(other, name)}" for name in differ)


def settings(one: Mapping[str, Any], other: Mapping[str, Any], at: str = "config") -> Iterator[str]:
    """In two configurations, by the key."""
    for key in {**one, **other}:
        first, second = one.get(key), other.get(key)
        if isinstance(first, Mapping) and isinstance(second, Mapping):
            yield from settings(first, second, f"{at}.{key}")
        elif first != second:
            yield f"{at}.{key}: {first} and {second}"
