"""The `runtime.options` of a project file (Pulumi.yaml, PulumiPolicy.yaml), checked.

Only the toolchain `pip` is known: `uv` and `poetry` bring programs of their own that this host does not drive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tools.plugins.language_host.errors import OptionError

TYPECHECKERS = ("mypy", "pyright")


@dataclass(frozen=True, slots=True)
class Options:
    """What a project file says about its Python."""

    virtualenv: str = ""
    """Relative to the project's root directory; empty means the Python on PATH."""
    typechecker: str = ""
    """Run on the program before the program itself."""


def parse(raw: Mapping[str, object]) -> Options:
    """Options that this host can honour; anything else is an error that names the option."""
    toolchain = raw.get("toolchain", "pip")
    if toolchain != "pip":
        raise OptionError("toolchain", toolchain, "allowed is 'pip'")
    typechecker = raw.get("typechecker", "")
    if typechecker and typechecker not in TYPECHECKERS:
        raise OptionError("typechecker", typechecker, f"allowed are {', '.join(map(repr, TYPECHECKERS))}")
    return Options(virtualenv=_text(raw, "virtualenv"), typechecker=_text(raw, "typechecker"))


def _text(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name, "")
    if not isinstance(value, str):
        raise OptionError(name, value, "it must be a string")
    return value
