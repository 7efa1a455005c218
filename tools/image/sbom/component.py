"""One component of an image, before it is written in any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

NUM_NAMED = 8
"""Of many in one line: a Go program has a hundred modules."""


class Kind(Enum):
    """What CycloneDX calls it."""

    LIBRARY = "library"
    APPLICATION = "application"
    OPERATING_SYSTEM = "operating-system"


@dataclass(frozen=True, slots=True)
class Component:
    """A package, or a library that no package manager knows of."""

    name: str
    version: str
    purl: str
    """Its name in all the world, for those who look up what is known of it; empty where it has none."""
    kind: Kind = Kind.LIBRARY
    licences: tuple[str, ...] = ()
    """SPDX identifiers or expressions; where a package says neither, its own words."""
    source: str = ""
    """Where in the image it says so."""
    supplier: str = ""
    sha256: str = ""
    """Of the file, where the component is one file."""
    properties: Mapping[str, str] = field(default_factory=dict)


def some(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = len(names) - NUM_NAMED
    return ", ".join(names[:NUM_NAMED]) + (f" and {more} more" if more > 0 else "")
