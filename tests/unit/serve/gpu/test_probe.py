"""Tests of serve.gpu.probe: what a worker will need, tried in its order, each lack one reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve.gpu.probe import probe
from serve.gpu.types import Report
from tests.helpers import elf
from tests.helpers.fake_driver import FakeDriver, FakeGpu
from tests.helpers.fatbin import MACHINE_CODE, container


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The libraries of the image, compiled for 7.5, 8.0 and 9.0."""
    code = container((MACHINE_CODE, each) for each in (75, 80, 90))
    (tmp_path / "libggml-cuda.so").write_bytes(elf.library({".nv_fatbin": code}))
    (tmp_path / "libcudart.so.13").write_bytes(elf.library())
    return tmp_path


def test_a_gpu_that_can_be_used_is_told(folder: Path) -> None:
    """After the driver, CUDA's runtime and ggml's library were tried, too."""
    fake = FakeDriver()
    report = probe(folder, fake.load)
    assert ([each.name for each in report.devices], report.refused, report.why) == (["NVIDIA L4"], (), "")
    assert fake.opened == ["libcuda.so.1", str(folder / "libcudart.so.13"), str(folder / "libggml-cuda.so")]
    assert Report.from_json(report.to_json()) == report


def test_a_gpu_of_another_generation_is_refused_with_both_numbers(folder: Path) -> None:
    """Else the first kernel would say `no kernel image is available`, and end the worker."""
    report = probe(folder, FakeDriver((FakeGpu("Tesla V100", (7, 0)), FakeGpu())).load)
    why = "GPU 0 (Tesla V100): its compute capability is 7.0, and this image was compiled for 7.5, 8.0, 9.0"
    assert (len(report.devices), report.refused) == (1, (why,))
    report = probe(folder, FakeDriver((FakeGpu("Tesla V100", (7, 0)),)).load)
    assert (report.devices, report.why) == ((), why)


@pytest.mark.parametrize(
    ("fake", "why"),
    [
        (FakeDriver(missing="libcuda.so.1"), "there is no NVIDIA driver here"),
        (FakeDriver(version=12090), "the NVIDIA driver is too old: it knows CUDA 12.9, and 13.0 is needed"),
        (FakeDriver((FakeGpu(retain=46),)), "GPU 0 (NVIDIA L4): it is in exclusive mode, and another process has it"),
        (FakeDriver(runtime=35), "CUDA's runtime finds no GPU: what the runtime says (35)"),
        (FakeDriver(missing="libggml-cuda.so"), "ggml's CUDA library can't be loaded: libggml-cuda.so: cannot open"),
    ],
)
def test_each_lack_is_one_line(folder: Path, fake: FakeDriver, why: str) -> None:
    """No devices then, and the reason."""
    report = probe(folder, fake.load)
    assert report.devices == ()
    assert report.why.startswith(why)
    assert "\n" not in report.why


def test_an_image_without_the_runtime_says_so(folder: Path) -> None:
    """Half an image."""
    (folder / "libcudart.so.13").unlink()
    assert probe(folder, FakeDriver().load).why == f"CUDA's runtime library is not in {folder}"
