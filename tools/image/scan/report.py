"""What is said of one image, and whether that lets it pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tools.errors import ToolError
from tools.image.sbom.component import Component, Kind, some
from tools.image.scan import debian, pypi


@dataclass(frozen=True, slots=True)
class Report:
    """Lines for people, and the findings among them."""

    said: tuple[str, ...]
    findings: tuple[str, ...]


def scan(name: str, components: Sequence[Component]) -> Report:
    """Ask both sources of packages."""
    packages = [part for part in components if part.purl.startswith(debian.PREFIX)]
    outdated = debian.outdated(packages)
    try:
        with httpx.Client(timeout=pypi.TIMEOUT_S) as http:
            answer = pypi.advisories(components, http)
    except httpx.HTTPError as error:
        raise ToolError(f"{pypi.ADDRESS} can't be asked: {error or type(error).__name__}") from None
    said = [
        f"{name}: {len(packages)} Debian packages, {len(outdated)} not the newest",
        f"{name}: {answer.num_asked} distributions of PyPI, {len(answer.advisories)} advisories",
    ]
    if answer.unanswered:
        said.append(f"{name}: PyPI says nothing of {', '.join(answer.unanswered)}")
    if unasked := [c.name for c in components if c.kind != Kind.OPERATING_SYSTEM and not _is_asked(c)]:
        said.append(f"{name}: nobody was asked about {some(unasked)}")
    return Report(tuple(said), tuple(f"{name}: {line}" for line in (*outdated, *answer.advisories)))


def _is_asked(component: Component) -> bool:
    return component.purl.startswith((debian.PREFIX, pypi.PREFIX))
