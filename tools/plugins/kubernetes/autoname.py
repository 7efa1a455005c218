"""Names for objects that the program does not name: the resource's name and eight random digits. Pure.

A made-up name is marked with an annotation. It lets a replacement stand beside the old object, and it is kept for as
long as the resource lives.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from tools.plugins.kubernetes.annotations import AUTONAMED, is_set
from tools.plugins.kubernetes.errors import InputError
from tools.plugins.kubernetes.objects import name_of, section, with_metadata
from tools.plugins.kubernetes.values import UNKNOWN, Object

NUM_DIGITS: Final = 8


@dataclass(frozen=True, slots=True)
class Naming:
    """What the engine says about a new name."""

    resource_name: str
    seed: bytes
    """Random, and the same in the preview and in the update that follows its plan."""
    proposed: str = ""
    """By the project's own autonaming configuration; wins over ours."""
    is_disabled: bool = False


def is_named(obj: Object) -> bool:
    """Whether the program names it; a name that is not known yet is a name."""
    metadata = obj.get("metadata")
    return isinstance(metadata, dict) and (metadata.get("name") is UNKNOWN or bool(name_of(obj)))


def with_name(obj: Object, old: Object, naming: Naming) -> Object:
    """The object with a name: its own, else the one that it has already, else a new one."""
    metadata = obj.get("metadata", {})
    if is_named(obj) or not isinstance(metadata, dict):
        return obj
    if metadata.get("generateName"):
        raise InputError("metadata.generateName is not supported with server-side apply; leave it out and the name too")
    if old:
        return _marked(obj, name_of(old)) if is_set(old, AUTONAMED) else obj
    if naming.is_disabled:
        raise InputError("metadata.name must be set: autonaming is disabled for this project")
    return _marked(obj, naming.proposed or f"{naming.resource_name}-{_digits(naming.seed)}")


def _marked(obj: Object, name: str) -> Object:
    annotations = obj.get("metadata", {}).get("annotations")
    if annotations is UNKNOWN:
        return with_metadata(obj, name=name)
    return with_metadata(obj, name=name, annotations={**section(obj, "metadata", "annotations"), AUTONAMED: "true"})


def _digits(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()[:NUM_DIGITS]
