"""Advisories that PyPI knows of a distribution, as pip-audit asks for them.

PyPI says what is known of each version; some mirrors only have the project's page, which speaks of the newest one.
Where neither speaks of the version that is asked for, that is said: nothing known is not nothing wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from packageurl import PackageURL

from tools.image.sbom.component import Component

ADDRESS = "https://pypi.org/pypi"
TIMEOUT_S = 30.0
PREFIX = "pkg:pypi/"


@dataclass(frozen=True, slots=True)
class Answer:
    """What PyPI says of all that was asked for."""

    num_asked: int
    advisories: tuple[str, ...]
    """A line each."""
    unanswered: tuple[str, ...]
    """`name version` of those that nothing was said of."""


def advisories(packages: Iterable[Component], http: httpx.Client) -> Answer:
    """Of all that come from PyPI."""
    found, unanswered, num_asked = [], [], 0
    for package in packages:
        if not package.purl.startswith(PREFIX):
            continue
        num_asked += 1
        known = _known(http, PackageURL.from_string(package.purl))
        if known is None:
            unanswered.append(f"{package.name} {package.version}")
        else:
            found += [f"{package.name} {package.version}: {_line(each)}" for each in known if not each.get("withdrawn")]
    return Answer(num_asked, tuple(found), tuple(unanswered))


def _known(http: httpx.Client, address: PackageURL) -> list[dict[str, Any]] | None:
    for path in (f"{address.name}/{address.version}", address.name):
        answer = http.get(f"{ADDRESS}/{path}/json", follow_redirects=True)
        if answer.status_code == httpx.codes.NOT_FOUND:
            continue
        answer.raise_for_status()
        said = answer.json()
        if said["info"]["version"] == address.version and "vulnerabilities" in said:
            return list(said["vulnerabilities"])
    return None


def _line(advisory: dict[str, Any]) -> str:
    names = ", ".join([advisory["id"], *advisory.get("aliases", [])])
    fixed = ", ".join(advisory.get("fixed_in") or []) or "no version"
    return f"{names}; fixed in {fixed}"
