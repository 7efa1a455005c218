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

from tests.helpers import fake_cuda
from tests.helpers.llama import llama_path

pytestmark = pytest.mark.engine
ROOT = Path(__file__).parents[2]


def check(cuda: Path) -> tuple[int, dict[str, Any]]:
    """Exit code, and what each check says."""
    argv = [sys.executable, "-m", "bench.gpu", "--without-gpu", "--cuda", str(cuda), "--llama", str(llama_path())]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'image'}"}
    done = subprocess.run(argv, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)
    assert done.stdout, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    return done.returncode, {each["name"]: each for each in told["checks"]}


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
    code, checks = check(fake_cuda.write(tmp_path, forgets="cublasGemmEx", wants="cuMemcpyNew"))
    assert code == 1
    assert "cublasGemmEx" in checks["cuBLAS functions"]["seen"]
    assert "cuMemcpyNew" in checks["driver functions"]["seen"]
