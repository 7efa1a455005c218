"""Tests of serve.gpu.choice: what was wished for and what was found, and how a look can end."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.gpu import choice
from serve.gpu.choice import choose, probe_in_child, worker_environ
from serve.gpu.types import Device, Report, Wish
from tests.helpers import elf
from tests.helpers.c_library import compile_library

L4 = Device("NVIDIA L4", "GPU-1", (8, 9), 24 * 2**30, 23 * 2**30)
FOUND = Report((L4,), ("GPU 0 (Tesla V100): too old",))
NONE = Report(why="the driver sees no GPU (CUDA error 100)")


def _never(folder: Path) -> Report:
    pytest.fail(f"{folder} was looked at")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Libraries with CUDA among them."""
    (tmp_path / "libggml-cuda.so").touch()
    return tmp_path


@pytest.mark.parametrize("wish", ["auto", "required"])
def test_a_gpu_is_used_where_there_is_one(folder: Path, wish: Wish, caplog: pytest.LogCaptureFixture) -> None:
    """It is told, with its memory, and so are those that can't be used."""
    with caplog.at_level(logging.INFO):
        assert choose(wish, folder, lambda _: FOUND) == FOUND
    assert caplog.messages == [
        "not used: GPU 0 (Tesla V100): too old",
        "models are computed on NVIDIA L4 (compute capability 8.9, 23.0 of 24.0 GiB free)",
    ]


def test_without_one_the_cpu_computes_and_one_line_says_why(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A warning, where the image was made for GPUs."""
    assert choose("auto", folder, lambda _: NONE) == NONE
    assert caplog.messages == [f"no GPU is used, models are computed on the CPU: {NONE.why}"]
    assert caplog.records[0].levelno == logging.WARNING


def test_without_one_that_is_required_there_is_no_server(folder: Path) -> None:
    """The reason in one line."""
    with pytest.raises(SetupError, match=r"^SLIPWAY_GPU is required, but no GPU can be used: the driver sees no GPU"):
        choose("required", folder, lambda _: NONE)


def test_an_image_without_cuda_needs_no_look(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It has nothing to load; that is as it should be, and no warning."""
    with caplog.at_level(logging.INFO):
        assert choose("auto", tmp_path, _never).devices == ()
    assert [record.levelno for record in caplog.records] == [logging.INFO]
    with pytest.raises(SetupError, match="this image has no CUDA library"):
        choose("required", tmp_path, _never)


def test_off_never_looks(folder: Path) -> None:
    """A driver that hangs is none of our business then."""
    assert choose("off", folder, _never).devices == ()


def test_workers_see_only_what_can_be_used() -> None:
    """llama.cpp would put layers on the others, too. Where all can be used, what was set stays."""
    environ = {"CUDA_VISIBLE_DEVICES": "0,1"}
    assert worker_environ(environ, FOUND) == {"CUDA_VISIBLE_DEVICES": "GPU-1"}
    assert worker_environ(environ, Report((L4,))) == environ
    assert worker_environ(environ, NONE) == environ


# ---- the child ----


@pytest.fixture
def driver(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the loader looks first for a driver; the child runs this very code."""
    monkeypatch.setenv("PYTHONPATH", str(Path("image").absolute()))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder / "driver"))
    (folder / "libcudart.so.13").touch()
    (folder / "libggml-cuda.so").write_bytes(elf.library())
    return folder / "driver" / "libcuda.so.1"


def _with(body: str) -> str:
    return f"int cuDriverGetVersion(int *version) {{ *version = 13000; return 0; }} int cuInit(int flags) {{ {body} }}"


def test_the_child_tells_what_a_driver_answers(driver: Path, folder: Path) -> None:
    """Through a real library."""
    compile_library(driver, _with("return flags + 100;"))
    assert probe_in_child(folder).why.startswith("the driver sees no GPU (CUDA error 100)")


def test_a_driver_that_crashes_takes_only_the_child(driver: Path, folder: Path) -> None:
    """How it ended is the reason."""
    compile_library(driver, "void abort(void);" + _with("abort(); return flags;"))
    assert probe_in_child(folder).why == "looking for one was killed by SIGABRT"


def test_a_driver_that_hangs_is_left(driver: Path, folder: Path) -> None:
    """After a time, with that as the reason."""
    compile_library(driver, "unsigned sleep(unsigned);" + _with("sleep(60); return flags;"))
    assert probe_in_child(folder, patience_s=1.5).why == "the NVIDIA driver did not answer for 1.5 s"


def test_a_library_that_is_no_library_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child dies of it with a trace, whose last line is the reason."""
    monkeypatch.setenv("PYTHONPATH", str(Path("image").absolute()))
    (folder / "libcudart.so.13").touch()
    assert "looking for one ended with code 1" in choice.probe_in_child(folder).why
