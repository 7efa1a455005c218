"""Only what containers see is a part of the image."""

from tests.unit.tools.image.made import REF, Registry, file, layer
from tools.image import reading, registry
from tools.image.sbom import debian
from tools.image.sbom.collect import Collector, operating_system
from tools.image.sbom.component import Component, Kind

OS = "usr/lib/os-release"
OLD, NEW = "venv/a-1.dist-info/METADATA", "venv/a-2.dist-info/METADATA"


def collected(*layers: bytes) -> tuple[Component, ...]:
    """What an image of these layers has."""
    made = Registry()
    made.push("1", layers)
    collector = Collector()
    with made.client() as http:
        image = reading.read(http, registry.parse(REF), collector.look)
    return collector.components(image)


def packed(contents: dict[str, bytes]) -> bytes:
    """A layer of these files."""
    return layer([file(path) for path in contents], contents)


def test_what_a_later_layer_removed_or_replaced_is_not_listed() -> None:
    """An upgrade leaves the old file in the layer below."""
    below = packed({OLD: b"Name: a\nVersion: 1\n", debian.STATUS: b"Package: x\nVersion: 1\n"})
    above = packed(
        {"venv/.wh.a-1.dist-info": b"", NEW: b"Name: a\nVersion: 2\n", debian.STATUS: b"Package: x\nVersion: 2\n"}
    )
    assert [(c.name, c.version) for c in collected(below, above)] == [("a", "2"), ("x", "2")]


def test_packages_are_of_the_distribution_that_the_image_names() -> None:
    """Scanners look a package up by it."""
    contents = {OS: b'ID=debian\nVERSION_ID="12"\n', debian.STATUS: b"Package: x\nVersion: 1\n"}
    package, system = collected(packed(contents))
    assert package.purl == "pkg:deb/debian/x@1?distro=debian-12"
    assert system == Component("debian", "12", "", Kind.OPERATING_SYSTEM, source=OS)


def test_the_same_library_in_two_folders_is_one_component() -> None:
    """The first path stands for both."""
    found = collected(packed({"a/libcudart.so.13": b"same", "b/libcudart.so.13": b"same"}))
    assert [c.source for c in found] == ["a/libcudart.so.13"]


def test_two_packages_of_one_name_and_version_are_two_where_different_people_made_them() -> None:
    """Debian's and PyPI's."""
    found = collected(packed({NEW: b"Name: a\nVersion: 2\n", debian.STATUS: b"Package: a\nVersion: 2\n"}))
    assert [c.purl for c in found] == ["pkg:deb/debian/a@2?distro=debian", "pkg:pypi/a@2"]


def test_a_linked_folder_of_documentation_has_the_licences_of_the_other() -> None:
    """GCC's libraries have one."""
    doc = debian.DOCUMENTATION
    copyright_file, status = f"{doc}gcc-12-base/copyright", b"Package: libgomp1\nVersion: 12\n"
    link = file(f"{doc}libgomp1", kind="link", target="gcc-12-base")
    contents = {copyright_file: b"Format: DEP-5\nLicense: MIT\n", debian.STATUS: status}
    [found] = collected(layer([*(file(path) for path in contents), link], contents))
    assert found.licences == ("MIT",)


def test_an_image_of_one_program_has_no_system() -> None:
    """And nothing is made up for it."""
    assert operating_system({}) is None
    assert collected(packed({"program": b"x"})) == ()
