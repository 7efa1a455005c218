"""`make gpu-check` without a GPU: its checks hold for libraries that are right, and notice what is wrong with others.

The CUDA library is a stand-in that wants what the real one wants; llama.cpp, the loader and the server are real.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.gpu.lab import Lab, assemble
from bench.gpu.without import tables
from tests.helpers import fake_cuda
from tests.helpers.llama import llama_path

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]


def check(cuda: Path) -> tuple[int, dict[str, Any]]:
    """Exit code, and what each check says."""
    argv = [sys.executable, "-m", "bench.gpu", "--without-gpu", "--cuda", str(cuda), "--llama", str(llama_path())]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'image'}"}
    done = subprocess.run(argv, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, {each["name"]: each for each in told["checks"]}


@pytest.mark.timeout(300)
def test_libraries_that_are_right_pass_all_checks(tmp_path: Path) -> None:
    """Tables, loader, the fallback to the CPU in one line, the refusal in one line, and nothing loaded when off."""
    code, checks = check(fake_cuda.write(tmp_path))
    assert [each for each in checks.values() if not each["holds"]] == []
    assert code == 0
    assert len(checks) == 11
    assert checks["code"]["seen"].startswith("for 8.0, ")
    assert "there is no NVIDIA driver here" in checks["fallback, no driver"]["seen"]


def test_a_function_that_is_missing_or_new_is_noticed(tmp_path: Path) -> None:
    """Another llama.cpp calls others: the forwarder must follow."""
    cuda = fake_cuda.write(tmp_path / "cuda", forgets="cublasGemmEx", wants="cuMemcpyNew")
    lab = Lab(assemble(tmp_path / "llama", llama_path(), cuda), tmp_path, num_threads=1)
    found = {check.name: check for check in tables(lab)}
    assert {name for name, check in found.items() if not check.holds} == {"cuBLAS functions", "driver functions"}
    assert found["cuBLAS functions"].seen.endswith(": cublasGemmEx")
    assert found["driver functions"].seen.endswith(": cuMemcpyNew")


def test_a_library_that_was_cut_is_the_only_thing_told(tmp_path: Path) -> None:
    """Nothing more can be read of it."""
    cuda = fake_cuda.write(tmp_path / "cuda")
    library = cuda / "libggml-cuda.so"
    library.write_bytes(library.read_bytes()[:-100])
    (check,) = tables(Lab(assemble(tmp_path / "llama", llama_path(), cuda), tmp_path, num_threads=1))
    assert not check.holds
    assert "libggml-cuda.so is cut" in check.seen
