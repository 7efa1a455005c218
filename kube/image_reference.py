"""`registry.example.com:5000/team/serve:1.2@sha256:...` in its parts. Knows no registry's API.

Source: github.com/distribution/reference, grammar and `ParseNormalizedNamed`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DOCKER_HUB = "docker.io"
_OLD_DOCKER_HUB = "index.docker.io"
DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")
TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?")
REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")


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
    if at and not DIGEST.fullmatch(digest):
        return None
    head, slash, last = rest.rpartition("/")
    last, colon, tag = last.partition(":")
    if colon and not TAG.fullmatch(tag):
        return None
    path = f"{head}{slash}{last}"
    registry, repository = _split(path)
    if not HOST.fullmatch(registry) or not REPOSITORY.fullmatch(repository):
        return None
    return ImageReference(registry, repository, tag or None, digest or None)


def _split(path: str) -> tuple[str, str]:
    """Registry and repository, as Docker has always told them apart: a host has a dot, a port or a capital."""
    registry, _, repository = path.partition("/")
    is_host = "." in registry or ":" in registry or registry == "localhost" or registry != registry.lower()
    if not (repository and is_host):
        registry, repository = DOCKER_HUB, path
    if registry in (DOCKER_HUB, _OLD_DOCKER_HUB):
        return DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
    return registry, repository
