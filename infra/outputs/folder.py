"""A folder of rendered files: all of them change or none does, and nobody else's file is touched.

Everything is written beside its place first. What then can still go wrong is the renaming itself, which needs no space.
Files of an earlier render that are no longer wanted go last; they are known by their first line.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from infra.errors import RenderError
from infra.outputs.text import MARK


def write(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Put the files there, by name; the names of those that were removed. OSError: then nothing has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    if foreign := sorted(name for name in files if (folder / name).exists() and not _is_ours(folder / name)):
        text = "is there and was not rendered; allowed: another --output, or move it away"
        raise RenderError([f"{folder / name}: {text}" for name in foreign])
    stale = sorted(path for path in folder.iterdir() if path.name not in files and _is_ours(path))
    staging = Path(tempfile.mkdtemp(prefix=".slipway-", dir=folder))
    try:
        for name, text in files.items():
            _write(staging / name, text)
        for name in files:
            (staging / name).replace(folder / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    for path in stale:
        path.unlink()
    return [path.name for path in stale]


def _write(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _is_ours(path: Path) -> bool:
    """A link is somebody's, wherever it leads."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()
