"""What an image says of itself: who runs, what is started, how its health is asked for, what it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tools.image.checks.files import resolve
from tools.image.layers import File

USERS = frozenset({"65534", "65534:65534"})
"""By number: Kubernetes can't see that a name is not root."""
LABELS = ("title", "description", "licenses", "version")
PREFIX = "org.opencontainers.image."


def findings(config: Mapping[str, Any], root: Mapping[str, File]) -> Iterator[str]:
    """Everything that is not as it must be."""
    told: Mapping[str, Any] = config.get("config") or {}
    if str(told.get("User", "")) not in USERS:
        yield f"User is {told.get('User', '')!r}: must be 65534:65534"
    labels = told.get("Labels") or {}
    yield from (f"the label {PREFIX}{name} is not there" for name in LABELS if not labels.get(PREFIX + name))
    yield from _entry_point(told, root)
    yield from _health_check(told, root)


def _entry_point(told: Mapping[str, Any], root: Mapping[str, File]) -> Iterator[str]:
    entry = told.get("Entrypoint") or []
    if not entry:
        yield "Entrypoint is not there: `docker run` of the image starts nothing"
    elif entry[0].endswith("sh") and "-c" in entry[1:2]:
        yield "Entrypoint is a line for a shell: must be a list, as signals end at a shell"
    elif not is_program(entry[0], told, root):
        yield f"Entrypoint starts {entry[0]}, which is not in the image"


def _health_check(told: Mapping[str, Any], root: Mapping[str, File]) -> Iterator[str]:
    test = (told.get("Healthcheck") or {}).get("Test") or []
    if not test or test[0] == "NONE":
        yield "HEALTHCHECK is not there"
    elif test[0] != "CMD":
        yield "HEALTHCHECK is a line for a shell: must be a list of words, as the image has no shell"
    elif not is_program(test[1], told, root):
        yield f"HEALTHCHECK starts {test[1]}, which is not in the image"


def is_program(name: str, told: Mapping[str, Any], root: Mapping[str, File]) -> bool:
    """Whether a program is found as a container would find it: by its path, or on PATH."""
    values = dict(entry.partition("=")[::2] for entry in told.get("Env") or [])
    folders = [""] if "/" in name else values.get("PATH", "/usr/bin:/bin").split(":")
    for folder in folders:
        reached = resolve(root, f"{folder}/{name}".strip("/"))
        if reached and reached in root and root[reached].mode & 0o111:
            return True
    return False
