"""Which images there are, how each is built, and its limits: image/sizes.yaml, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tools.errors import ToolError
from tools.image.errors import UnknownVariant
from tools.settings import ROOT

FILE = ROOT / "image" / "sizes.yaml"
Megabytes = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Variant(_Strict):
    """One image."""

    target: str | None = None
    """The Dockerfile's stage; none: the last one."""
    context: str = "image"
    build_args: Mapping[str, str] = {}
    is_long: bool = False
    """Built only when asked for by name: it compiles CUDA."""
    is_for_people: bool = False
    """May have a shell and its like: it is what it is for."""
    has_own_folders: bool = True
    """/models and /opt/slipway."""
    compressed_mb: Megabytes | None = None
    unpacked_mb: Megabytes | None = None


class Peer(_Strict):
    """Somebody else's image, as published."""

    name: str
    compressed_mb: Megabytes | None = None
    unpacked_mb: Megabytes | None = None
    source: str
    date: str


class Sizes(_Strict):
    """The file."""

    variants: Mapping[str, Variant]
    peers: tuple[Peer, ...] = ()
    pieces: Mapping[str, str] = {}
    """Name of a piece -> what it would take to do without it."""

    def variant(self, name: str) -> Variant:
        """One by its name; UnknownVariant names all."""
        if name not in self.variants:
            raise UnknownVariant(f"{name!r} is no variant of the image; there are {', '.join(self.variants)}")
        return self.variants[name]


def load(path: Path = FILE) -> Sizes:
    """Read the file; a wrong value is an error that names it."""
    try:
        # BaseLoader: dates such as 2025-03 stay the texts that they are; pydantic makes numbers of numbers.
        return Sizes.model_validate(yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader))  # noqa: S506
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ToolError(f"{path}: {said}") from None
