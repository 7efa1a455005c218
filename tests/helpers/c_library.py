"""Small C libraries and programs made by a test: the machine's own compiler is the only need."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest


def compile_library(path: Path, source: Path | str, *flags: str) -> Path:
    """A shared library of a file, or of a text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(source, str):
        text, source = source, path.with_suffix(".c")
        source.write_text(text)
    return _compile(path, source, "-shared", "-fPIC", *flags)


def compile_program(path: Path, source: Path, *flags: str) -> Path:
    """A program of a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return _compile(path, source, *flags)


def _compile(path: Path, source: Path, *flags: str) -> Path:
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-O1", "-Wall", "-Wextra", "-Werror", "-o", str(path), str(source), *flags]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.fail(f"there is no C compiler {compiler!r}: install one, or name it in CC")
    assert ended.returncode == 0, ended.stderr
    return path
