"""promtool, for tests that let Prometheus itself judge what it would read."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

VARIABLE = "SLIPWAY_PROMTOOL"


def promtool(*arguments: str, stdin: bytes = b"") -> tuple[int, str]:
    """Its exit status and all that it says. Without it the test fails: a skipped test proves nothing."""
    program = os.environ.get(VARIABLE, "")
    if not Path(program).is_file():
        pytest.fail(f"{VARIABLE} is {program!r}: it must name the program (`make test` brings it)")
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, check=False, timeout=30)
    return done.returncode, (done.stdout + done.stderr).decode()
