"""`registry.example.com:5000/team/serve:1.2@sha256:...` in its parts. Knows no registry's API.

Source: github.com/distribution/reference, grammar and `ParseNormalizedNamed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}")
_TAG = re.compile(r"\w[\w.-]{0,127}")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`tag` and `digest` are None where the reference has none; `registry` is docker.io where it names none."""

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Registry and repository: what allow-lists compare."""
        return f"{self.registry}/{self.repository}"


def parse(text: str) -> ImageReference | None:
    """The parts; None where it is not an image reference."""
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        return None
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not _TAG.fullmatch(tag):
        return None
    path = f"{head}{slash}{last}"
    registry, _, repository = path.partition("/")
    is_host = bool(repository) and ("." in registry or ":" in registry or registry == "localhost")
    if not is_host:
        registry, repository = DOCKER_HUB, path if "/" in path else f"library/{path}"
    if not _REPOSITORY.fullmatch(repository):
        return None
    return ImageReference(registry, repository, tag or None, digest or None)
