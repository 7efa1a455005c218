"""The list of licences that people read."""

from tools.image.sbom import licences
from tools.image.sbom.component import Component, Kind

PARTS = (
    Component("zlib1g", "1", "", licences=("Zlib",)),
    Component("a", "12", "", licences=("MIT", "BSD")),
    Component("dark", "1", ""),
    Component("debian", "12", "", Kind.OPERATING_SYSTEM),
)


def test_every_component_has_a_line_with_its_licences() -> None:
    """The system is no component that somebody licenses."""
    assert licences.table(PARTS).splitlines() == ["a       12  MIT, BSD", "zlib1g  1   Zlib", "dark    1   not said"]
    assert licences.table(()) == ""


def test_those_that_say_nothing_are_named() -> None:
    """Somebody has to look."""
    assert licences.without(PARTS) == ("dark",)
