"""A report says what was asked, what was found, and what nobody was asked about."""

import httpx
import pytest

from tools.errors import ToolError
from tools.image.sbom.component import Component, Kind
from tools.image.scan import debian, pypi, report
from tools.image.scan.pypi import Answer

PARTS = (
    Component("zlib1g", "1", "pkg:deb/debian/zlib1g@1?distro=debian-12"),
    Component("a", "1", "pkg:pypi/a@1"),
    Component("llama.cpp", "ggml-1", ""),
    Component("debian", "12", "", Kind.OPERATING_SYSTEM),
)


def test_findings_of_both_sources_are_named_and_so_is_what_was_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads it knows what it does not see."""
    monkeypatch.setattr(debian, "outdated", lambda packages: ["zlib1g 1: Debian 12 has 2"])
    monkeypatch.setattr(pypi, "advisories", lambda packages, http: Answer(2, ("a 1: X",), ("b 1",)))
    found = report.scan("cpu", PARTS)
    assert found.findings == ("cpu: zlib1g 1: Debian 12 has 2", "cpu: a 1: X")
    assert found.said == (
        "cpu: 1 Debian packages, 1 not the newest",
        "cpu: 2 distributions of PyPI, 1 advisories",
        "cpu: PyPI says nothing of b 1",
        "cpu: nobody was asked about llama.cpp",
    )


def test_a_pypi_that_does_not_answer_is_an_error_not_a_clean_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line."""

    def unreachable(packages: object, http: object) -> Answer:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(pypi, "advisories", unreachable)
    with pytest.raises(ToolError, match="can't be asked: refused"):
        report.scan("cpu", PARTS[1:])
