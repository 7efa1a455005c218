"""An image with all of its files, read once from the registry: what every judgement here starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from tools.image import layers, registry
from tools.image.layers import File, Look
from tools.image.registry import Reference


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer, and what made it."""

    digest: str
    compressed_bytes: int
    files: tuple[File, ...]
    made_by: str
    """As the history has it."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image for one platform."""

    ref: Reference
    digest: str
    compressed_bytes: int
    config: Mapping[str, Any]
    layers: tuple[Layer, ...]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What containers of it start with: User, Env, Labels."""
        found: Mapping[str, Any] = self.config.get("config") or {}
        return found

    @property
    def root(self) -> dict[str, File]:
        """Path -> file, as a container sees them."""
        return layers.merge(layer.files for layer in self.layers)

    @property
    def unpacked_bytes(self) -> int:
        """What a node keeps: all layers, also what a later one hides."""
        return sum(layers.unpacked_bytes(layer.files) for layer in self.layers)


def read(http: httpx.Client, ref: Reference, look: Look | None = None) -> Image:
    """Everything; `look` is shown each file of each layer with its content."""
    manifest = registry.manifest(http, ref)
    config = registry.config(http, ref, manifest)
    makers = [h.get("created_by", "") for h in config.get("history", []) if not h.get("empty_layer")]
    makers += [""] * len(manifest.layers)
    found = []
    for blob, made_by in zip(manifest.layers, makers, strict=False):
        with registry.blob(http, ref, blob) as stream:
            files = layers.read(stream, blob.media_type, look) if look else layers.read(stream, blob.media_type)
        found.append(Layer(blob.digest, blob.size_bytes, files, made_by))
    return Image(ref, manifest.digest, manifest.compressed_bytes, config, tuple(found))
