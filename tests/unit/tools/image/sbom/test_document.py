"""CycloneDX 1.6 that its own schema accepts, the same for the same image."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given
from hypothesis import strategies as st

from tools.image.reading import Image
from tools.image.registry import Reference
from tools.image.sbom import document
from tools.image.sbom.component import Component, Kind

DIGEST = "sha256:" + "0" * 64
CONFIG: Mapping[str, Any] = {
    "created": "2026-01-01T00:00:00Z", "architecture": "arm64",
    "config": {"Labels": {"org.opencontainers.image.version": "0.1.0"}},
}  # fmt: skip
PARTS = (
    Component(
        "zlib1g", "1:1.2.13", "pkg:deb/debian/zlib1g@1:1.2.13", licences=("Zlib", "MIT"), source="var/lib/dpkg/status"
    ),
    Component("a", "1", "pkg:pypi/a@1", licences=("MIT OR Apache-2.0",)),
    Component("b", "1", "pkg:pypi/b@1", licences=("Dual License", "MIT")),
    Component("libcudart", "13", "", sha256="f" * 64, source="opt/libcudart.so.13"),
    Component("debian", "12", "", Kind.OPERATING_SYSTEM),
)


def image(digest: str = DIGEST, config: Mapping[str, Any] = CONFIG, host: str = "127.0.0.1:5000") -> Image:
    """One without layers: the document is made of what was found in them."""
    return Image(Reference(host, "serve", "1"), digest, 1, config, ())


def written(*parts: Component, of: Image | None = None) -> dict[str, Any]:
    """Made, and accepted by the schema."""
    content = document.write(of or image(), parts, "serve").decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content) is None
    read: dict[str, Any] = json.loads(content)
    return read


def test_all_components_are_in_it_with_their_licences() -> None:
    """Expressions as such, known licences by identifier, others by name."""
    found = {c["name"]: c for c in written(*PARTS)["components"]}
    assert set(found) == {part.name for part in PARTS}
    assert found["a"]["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    assert {tuple(each["license"].items()) for each in found["b"]["licenses"]} == {
        (("name", "Dual License"),),
        (("id", "MIT"),),
    }
    assert found["libcudart"]["hashes"] == [{"alg": "SHA-256", "content": "f" * 64}]
    assert found["debian"]["type"] == "operating-system"


def test_it_is_of_the_image_by_digest_and_everything_is_a_part_of_that() -> None:
    """A tag can be moved to another image."""
    made = written(*PARTS)
    root = made["metadata"]["component"]
    assert (root["type"], root["version"]) == ("container", DIGEST)
    [of_image] = [each for each in made["dependencies"] if each["ref"] == root["bom-ref"]]
    assert len(of_image["dependsOn"]) == len(PARTS)


def test_the_same_image_gives_the_same_bytes_in_any_order_and_from_any_registry() -> None:
    """And at any time: its time is the image's."""
    one = document.write(image(), PARTS, "serve")
    assert document.write(image(host="127.0.0.1:1"), PARTS[::-1], "serve") == one
    assert json.loads(one)["metadata"]["timestamp"] == "2026-01-01T00:00:00+00:00"


def test_another_image_has_another_serial_number() -> None:
    """It names the document in all the world."""
    assert written()["serialNumber"] != written(of=image("sha256:" + "1" * 64))["serialNumber"]


@pytest.mark.parametrize(("created", "year"), [("2026-11-22T04:05:06.123456789Z", 2026), (None, 1970)])
def test_the_time_is_whatever_the_image_bears(created: str | None, year: int) -> None:
    """Builders write nanoseconds; some write nothing."""
    assert document.created({"created": created}).year == year


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(name=names, version=names, licences=st.lists(names, max_size=3, unique=True), source=names)
def test_whatever_a_package_says_of_itself_the_schema_accepts_it(
    name: str, version: str, licences: list[str], source: str
) -> None:
    """Its words are data."""
    [found] = written(Component(name, version, "", licences=tuple(licences), source=source))["components"]
    assert found["name"] == name
