"""The Compose files as they stand, and what extends what: a small reading of them that needs no Docker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[3] / "compose"
TEMPLATES: Final = ("service.yml", "models.yml", "shared.yml")
"""Extended or included, never started."""
FAMILIES: Final = ("gemma", "phi", "qwen", "llama", "mistral", "gpt-oss")
_VARIABLE: Final = re.compile(r"\$\{(\w+)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\}")

Service = dict[str, Any]


def read(name: str) -> dict[str, Any]:
    """One file, nothing replaced in it."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return found


def names() -> list[str]:
    """All Compose files of the folder."""
    return sorted(path.name for path in FOLDER.glob("*.yml"))


def services() -> Iterator[tuple[str, str, Service]]:
    """Those that are started: file, name, and all that it has by extension."""
    for name in names():
        if name not in TEMPLATES and "build" not in name:
            for service in read(name).get("services", {}):
                yield name, service, whole(name, service)


def whole(file: str, service: str, **variables: str) -> Service:
    """A service with what it extends; maps are joined, everything else is the nearer one's."""
    own: Service = read(file)["services"][service]
    extends = own.pop("extends", None)
    if extends is None:
        return own
    base = whole(extends.get("file", file), _default(extends["service"], variables), **variables)
    joined: Service = _joined(base, own)
    return joined


def _joined(base: Any, own: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {key: _joined(base[key], value) if key in base else value for key, value in own.items()}


def _default(text: str, variables: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda found: variables.get(found[1], found[3] or ""), text)


def variables() -> dict[str, set[str]]:
    """Every variable of every file, with the defaults that it is given there."""
    found: dict[str, set[str]] = {}
    for name in names():
        text = re.sub(r"(?m)^\s*#.*$", "", (FOLDER / name).read_text(encoding="utf-8"))
        for match in _VARIABLE.finditer(text):
            defaults = found.setdefault(match[1], set())
            if match[2] in (":-", "-"):
                defaults.add(match[3])
            for inner in _VARIABLE.finditer(match[3] or ""):
                found.setdefault(inner[1], set())
    return found
