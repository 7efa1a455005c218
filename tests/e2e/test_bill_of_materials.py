"""The bill of materials of the very image that the stack runs, in the registry that it was pulled from."""

import json
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.image import registry
from tools.image.reading import Image
from tools.image.registry import Reference
from tools.image.sbom import attach, bills, document, licences
from tools.image.sbom.component import Component
from tools.settings import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(3600)]
Examined = tuple[Image, tuple[Component, ...]]


@pytest.fixture(scope="module")
def examined(image_ref: str) -> Examined:
    """Read once: it is the whole image."""
    return bills.examine(image_ref)


def test_it_names_everything_that_the_image_was_made_of(examined: Examined) -> None:
    """Each pinned requirement, Debian's C library and Python, llama.cpp; the schema accepts it."""
    written = document.write(*examined, "cpu").decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(written) is None
    components = json.loads(written)["components"]
    purls = {each.get("purl", "") for each in components}
    pinned = [line.split()[0] for line in (ROOT / "image/requirements.txt").read_text().splitlines() if "==" in line]
    assert {f"pkg:pypi/{each.replace('==', '@')}" for each in pinned} <= purls
    names = {purl.partition("@")[0] for purl in purls}
    assert {"pkg:deb/debian/libc6", "pkg:deb/debian/python3.11-minimal", "pkg:pypi/llama-cpp-python"} <= names
    assert "llama.cpp" in {each["name"] for each in components}


def test_every_part_says_its_licence(examined: Examined) -> None:
    """What we publish we may publish."""
    assert licences.without(examined[1]) == ()


def test_a_real_registry_keeps_it_beside_the_image_once(examined: Examined, image_ref: str, tmp_path: Path) -> None:
    """Attached twice, found once; the image is what it was."""
    bills.make({"cpu": image_ref}, tmp_path, attached=True)
    image, written = examined[0], (tmp_path / "cpu.cdx.json").read_bytes()
    at = Reference(image.ref.registry, image.ref.repository, image.digest)
    with registry.client() as http:
        again = attach.attach(http, at, written, document.MEDIA_TYPE, document.stamp(image.config))
        assert attach.referrers(http, at, document.MEDIA_TYPE) == (again,)
        [layer] = registry.manifest(http, Reference(at.registry, at.repository, again)).layers
        with registry.blob(http, at, layer) as stream:
            assert stream.read() == written
        assert registry.manifest(http, registry.parse(image_ref)).digest == image.digest
