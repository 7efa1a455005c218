"""From a reference to what `make image-sbom` gives: documents in a folder, beside the image, or on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tools.image import reading, registry
from tools.image.reading import Image
from tools.image.registry import Reference
from tools.image.sbom import attach, document, licences
from tools.image.sbom.collect import Collector
from tools.image.sbom.component import Component, some


def examine(ref: str) -> tuple[Image, tuple[Component, ...]]:
    """The image, and its components."""
    collector = Collector()
    with registry.client() as http:
        image = reading.read(http, registry.parse(ref), collector.look)
    return image, collector.components(image)


def make(refs: Mapping[str, str], folder: Path, *, attached: bool) -> list[str]:
    """Write NAME.cdx.json and NAME.licences.txt for each, and attach the first to its image; a line on each."""
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    for name, ref in refs.items():
        image, parts = examine(ref)
        written = document.write(image, parts, name)
        (folder / f"{name}.cdx.json").write_bytes(written)
        (folder / f"{name}.licences.txt").write_text(licences.table(parts), encoding="utf-8")
        said.append(f"{name}: {len(parts)} components of {image.digest}, in {folder / f'{name}.cdx.json'}")
        if silent := licences.without(parts):
            said.append(f"{name}: no licence is said of {some(silent)}")
        if attached:
            said.append(f"{name}: attached as {_attach(image, written)}")
    return said


def _attach(image: Image, written: bytes) -> str:
    """To the manifest of the one platform that was read, not to an index of several."""
    at = Reference(image.ref.registry, image.ref.repository, image.digest)
    with registry.client() as http:
        return attach.attach(http, at, written, document.MEDIA_TYPE, document.stamp(image.config))
