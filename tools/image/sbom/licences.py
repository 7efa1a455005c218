"""The licences of an image's components as a table for people."""

from __future__ import annotations

from collections.abc import Iterable

from tools.image.sbom.component import Component, Kind

UNKNOWN = "not said"


def table(components: Iterable[Component]) -> str:
    """One line a component: licences, name, version; by licence."""
    rows = sorted(
        (", ".join(c.licences) or UNKNOWN, c.name, c.version) for c in components if c.kind != Kind.OPERATING_SYSTEM
    )
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in (1, 2)]
    return "".join(f"{name:{widths[0]}}  {version:{widths[1]}}  {licence}\n" for licence, name, version in rows)


def without(components: Iterable[Component]) -> tuple[str, ...]:
    """Names of components that name no licence: somebody has to look."""
    return tuple(c.name for c in components if not c.licences and c.kind != Kind.OPERATING_SYSTEM)
