"""Sources of a public Go module, for the data in it: fetched once by Go itself and held to a pinned checksum."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.command import run
from tools.errors import ToolError
from tools.toolchain.gobuild import build_env


@dataclass(frozen=True, slots=True)
class GoModule:
    """A module, its version, and the checksum that a go.sum would have for it."""

    path: str
    version: str
    checksum: str


class WrongChecksum(ToolError):
    """The proxy has other sources under that version than those that were pinned."""


def folder(module: GoModule, go: Path) -> Path:
    """Where the module's files lie, in Go's module cache; downloads them if they are not there."""
    # Not with the toolchain that builds are pinned to: a download needs none, and must not fetch one.
    env = build_env(os.environ) | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    with tempfile.TemporaryDirectory() as outside_of_modules:
        argv = [str(go), "mod", "download", "-json", f"{module.path}@{module.version}"]
        answer = json.loads(run(argv, cwd=Path(outside_of_modules), env=env, only_stdout=True))
    if answer["Sum"] != module.checksum:
        raise WrongChecksum(f"{module.path} {module.version}: {answer['Sum']}, pinned: {module.checksum}")
    return Path(answer["Dir"])
