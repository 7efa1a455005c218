"""Tests of bench.gpu.__main__: what a machine without a GPU, or without the libraries, gets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.c_library import compile_library

ROOT = Path(__file__).parents[4]


def check(*arguments: object, **environ: object) -> subprocess.CompletedProcess[str]:
    """Run it."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'image'}"} | {
        k: str(v) for k, v in environ.items()
    }
    command = [sys.executable, "-m", "bench.gpu", *map(str, arguments)]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=50, check=False)


def test_without_a_gpu_it_says_so_in_one_line(tmp_path: Path) -> None:
    """At once, before anything is built, and ends with 1."""
    source = "int cuDriverGetVersion(int *v) { *v = 13000; return 0; } int cuInit(unsigned f) { return f ? 1 : 100; }"
    compile_library(tmp_path / "libcuda.so.1", source)
    done = check("--cuda", tmp_path, LD_LIBRARY_PATH=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    said = "gpu-check: there is no GPU that can be used here: the driver sees no GPU (CUDA error 100)\n"
    assert done.stderr == said


@pytest.mark.parametrize("arguments", [(), ("--cuda", "/nowhere")])
def test_without_libraries_it_says_how_to_get_them(arguments: tuple[str, ...]) -> None:
    """Which folder, and the command."""
    done = check("--without-gpu", *arguments)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "--target=cuda-libraries" in done.stderr
