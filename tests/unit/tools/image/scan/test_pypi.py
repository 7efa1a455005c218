"""Advisories come from PyPI's page of the version, or of the project where that speaks of the version."""

from typing import Any

import httpx
import pytest

from tools.image.sbom.component import Component
from tools.image.scan import pypi

A = Component("a", "1.0", "pkg:pypi/a@1.0")
HOLE = {"id": "PYSEC-1", "aliases": ["CVE-2026-1"], "fixed_in": ["1.1"], "withdrawn": None}


def page(version: str, *holes: dict[str, Any]) -> dict[str, Any]:
    """As PyPI writes it."""
    return {"info": {"version": version}, "vulnerabilities": list(holes)}


def asked(pages: dict[str, Any], *packages: Component) -> pypi.Answer:
    """With a PyPI that has these pages."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = pages.get(request.url.path.removeprefix("/pypi/").removesuffix("/json"))
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        return pypi.advisories(packages, http)


@pytest.mark.parametrize("address", ["a/1.0", "a"])
def test_an_advisory_is_one_line_with_its_names_and_what_mends_it(address: str) -> None:
    """A mirror may only have the project's page."""
    found = asked({address: page("1.0", HOLE)}, A)
    assert found.advisories == ("a 1.0: PYSEC-1, CVE-2026-1; fixed in 1.1",)


def test_a_page_that_speaks_of_another_version_says_nothing_of_this_one() -> None:
    """Nothing known is not nothing wrong."""
    found = asked({"a": page("2.0")}, A)
    assert (found.num_asked, found.advisories, found.unanswered) == (1, (), ("a 1.0",))


def test_what_was_withdrawn_does_not_count() -> None:
    """Somebody had erred."""
    assert asked({"a/1.0": page("1.0", {**HOLE, "withdrawn": "2026-01-01"})}, A).advisories == ()


def test_a_hole_that_nobody_mended_says_so() -> None:
    """There is no version to go to."""
    assert asked({"a/1.0": page("1.0", {"id": "X", "fixed_in": []})}, A).advisories == (
        "a 1.0: X; fixed in no version",
    )


def test_only_what_comes_from_pypi_is_asked_for() -> None:
    """Names of Debian's packages are others there."""
    assert asked({}, Component("zlib1g", "1", "pkg:deb/debian/zlib1g@1")).num_asked == 0


def test_a_pypi_that_fails_is_no_answer() -> None:
    """It is not taken for nothing known."""
    transport = httpx.MockTransport(lambda request: httpx.Response(503))
    with httpx.Client(transport=transport) as http, pytest.raises(httpx.HTTPStatusError):
        pypi.advisories([A], http)
