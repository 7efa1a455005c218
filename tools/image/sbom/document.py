"""Writes the bill of materials as CycloneDX 1.6 JSON.

The same image gives the same bytes, on any machine and in any year: the serial number follows from the image's digest,
the time is the one that the image itself bears (SOURCE_DATE_EPOCH of its build), and no registry's name is in it.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as Written
from cyclonedx.model.component import ComponentType
from cyclonedx.model.contact import OrganizationalEntity
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_expression, is_supported_id
from packageurl import PackageURL

from tools.image.reading import Image
from tools.image.sbom.component import Component

MEDIA_TYPE = "application/vnd.cyclonedx+json"
TOOL = "slipway-image-sbom"
PREFIX = "slipway:"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "sbom.image.slipway")


def write(image: Image, components: Iterable[Component], name: str) -> bytes:
    """The document for an image that its users call `name`."""
    root = Written(
        name=name,
        version=image.digest,
        type=ComponentType.CONTAINER,
        bom_ref=f"image@{image.digest}",
        purl=PackageURL("oci", None, name, image.digest, _platform(image.config)),
        properties=[Property(name=f"{PREFIX}{key}", value=value) for key, value in _labels(image.config).items()],
    )
    parts = [_component(each) for each in components]
    bom = Bom(
        serial_number=uuid.uuid5(_NAMESPACE, image.digest),
        metadata=BomMetaData(
            component=root,
            timestamp=created(image.config),
            tools=ToolRepository(components=[Written(name=TOOL, type=ComponentType.APPLICATION, bom_ref=TOOL)]),
        ),
        components=parts,
        dependencies=[Dependency(root.bom_ref, [Dependency(part.bom_ref) for part in parts])],
    )
    return JsonV1Dot6(bom).output_as_string(indent=1).encode() + b"\n"


def created(config: Mapping[str, Any]) -> datetime.datetime:
    """When the image says that it was made; without a word of it the beginning of time."""
    text = str(config.get("created") or "1970-01-01T00:00:00Z")
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC).replace(microsecond=0)


def stamp(config: Mapping[str, Any]) -> str:
    """The same, as annotations have it."""
    return created(config).isoformat().replace("+00:00", "Z")


def _platform(config: Mapping[str, Any]) -> dict[str, str]:
    return {"arch": str(config.get("architecture", ""))} if config.get("architecture") else {}


def _labels(config: Mapping[str, Any]) -> Mapping[str, str]:
    labels = (config.get("config") or {}).get("Labels") or {}
    return {key: str(value) for key, value in sorted(labels.items())}


def _component(part: Component) -> Written:
    ref = part.purl or f"{part.name}@{part.version}#{part.source}"
    properties = {"found-in": part.source, **part.properties}
    return Written(
        name=part.name,
        version=part.version or None,
        type=ComponentType(part.kind.value),
        bom_ref=ref,
        purl=PackageURL.from_string(part.purl) if part.purl else None,
        supplier=OrganizationalEntity(name=part.supplier) if part.supplier else None,
        licenses=_licences(part.licences),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else None,
        properties=[Property(name=f"{PREFIX}{key}", value=value) for key, value in properties.items() if value],
    )


def _licences(names: tuple[str, ...]) -> list[LicenseExpression | DisjunctiveLicense]:
    """One expression, or a list: the format allows no mixture."""
    if len(names) == 1 and not is_supported_id(names[0]) and is_expression(names[0]):
        return [LicenseExpression(names[0])]
    return [DisjunctiveLicense(id=name) if is_supported_id(name) else DisjunctiveLicense(name=name) for name in names]
