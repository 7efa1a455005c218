"""Where the compiled llama_cpp package is, for tests marked `engine`: in the folder that SLIPWAY_LLAMA_PATH names."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

VARIABLE = "SLIPWAY_LLAMA_PATH"


def llama_path() -> Path:
    """The folder to put on the Python path. Without one the test fails: a skipped test proves nothing."""
    folder = Path(os.environ.get(VARIABLE, ""))
    if not (folder / "llama_cpp" / "lib").is_dir():
        pytest.fail(
            f"{VARIABLE} is {os.environ.get(VARIABLE)!r}: it must name a folder with the compiled package llama_cpp "
            "(`make test` exports it from the image's build; `-m 'not engine'` leaves these tests out)"
        )
    return folder.absolute()


def make_importable() -> None:
    """Let this process import llama_cpp."""
    if str(llama_path()) not in sys.path:
        sys.path.append(str(llama_path()))
