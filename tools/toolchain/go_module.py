"""Sources of a public Go module, for the data in it: fetched once by Go itself and held to a pinned checksum."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    answer = _download(module, go)
    if "Error" in answer:
        raise ToolError(f"{module.path} {module.version} can't be had: {answer['Error']}")
    return Path(answer["Dir"])


def file_text(module: GoModule, name: str, go: Path) -> str:
    """One file of the module. Also of one that asks for a newer Go than this: it is downloaded, but not unpacked."""
    return file_texts(module, [name], go)[0]


def file_texts(module: GoModule, names: Sequence[str], go: Path) -> list[str]:
    """Several files of the module, in that order."""
    answer = _download(module, go)
    if "Zip" not in answer:
        raise ToolError(f"{module.path} {module.version} can't be had: {answer.get('Error', 'no reason is given')}")
    with zipfile.ZipFile(answer["Zip"]) as archive:
        return [archive.read(f"{module.path}@{module.version}/{name}").decode("utf-8") for name in names]


def _download(module: GoModule, go: Path) -> dict[str, str]:
    # Not with the toolchain that builds are pinned to: a download needs none, and must not fetch one.
    env = build_env(os.environ) | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod"}
    argv = [str(go), "mod", "download", "-json", f"{module.path}@{module.version}"]
    with tempfile.TemporaryDirectory() as outside_of_modules:
        done = subprocess.run(argv, cwd=outside_of_modules, env=env, text=True, capture_output=True, check=False)
    try:
        answer: dict[str, str] = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise ToolError(f"{module.path} {module.version} can't be had: {done.stderr.strip()}") from None
    if "Sum" in answer and answer["Sum"] != module.checksum:
        raise WrongChecksum(f"{module.path} {module.version}: {answer['Sum']}, pinned: {module.checksum}")
    return answer
