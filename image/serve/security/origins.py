"""Origins of web pages: which may read answers, and which page is a foreign one. Pure."""

from __future__ import annotations

import re
from typing import Final

from serve.errors import SetupError

ANY: Final = "*"
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")


def parse_origins(text: str) -> frozenset[str]:
    """Origins as browsers write them, or SetupError with the one that is wrong."""
    origins = frozenset(each.strip() for each in text.split(",") if each.strip())
    for origin in sorted(origins - {ANY}):
        if not _ORIGIN.fullmatch(origin):
            raise SetupError(
                f"SLIPWAY_CORS_ORIGINS has {origin!r}: origins like https://chat.example.com, separated by commas, "
                "or * are allowed: in lower case, without a path"
            )
    return origins


def is_foreign(origin: str | None, host: str, origins: frozenset[str]) -> bool:
    """Does a page ask that is neither ours nor allowed? Browsers send a POST of any page, and only then ask."""
    if origin is None or ANY in origins or origin in origins:
        return False
    return origin.partition("://")[2] != host
