"""Tests of serve.gpu.driver, on a driver that answers what it is told to."""

from __future__ import annotations

import pytest

from serve.gpu.driver import Driver, NoGpuError
from tests.helpers.fake_driver import GIB, FakeDriver, FakeGpu


def devices(fake: FakeDriver) -> list[str]:
    """Why each can't be used; empty where it can."""
    return [seen.why_not for seen in Driver(13, fake.load).devices()]


def test_a_gpu_is_seen_with_all_that_is_asked_of_it() -> None:
    """And its context is given back."""
    fake = FakeDriver((FakeGpu(), FakeGpu("NVIDIA A100-SXM4-40GB MIG 1g.5gb", (8, 0), 5 * GIB, 4 * GIB)))
    first, second = (seen.device for seen in Driver(13, fake.load).devices())
    assert (first.name, first.compute, first.total_bytes, first.free_bytes) == ("NVIDIA L4", (8, 9), 24 * GIB, 23 * GIB)
    assert first.uuid == "GPU-00000000-0000-0000-0000-000000000000"
    assert (second.uuid, second.free_bytes) == ("MIG-00000000-0000-0000-0000-000000000001", 4 * GIB)
    assert fake.retained == fake.released == [0, 1]


@pytest.mark.parametrize(
    ("fake", "why"),
    [
        (FakeDriver(missing="libcuda.so.1"), r"there is no NVIDIA driver here \(libcuda.so.1: cannot"),
        (FakeDriver(version=12040), "the NVIDIA driver is too old: it knows CUDA 12.4, and 13.0 is needed"),
        (FakeDriver(init=100), r"the driver sees no GPU \(CUDA error 100\)$"),
        (FakeDriver(init=803), "not of the version of its kernel module: restart the node"),
        (FakeDriver(init=34), "the toolkit's stub"),
        (FakeDriver(init=999), r"some other trouble \(CUDA error 999\)"),
        (FakeDriver(gpus=()), "the driver sees no GPU"),
        (FakeDriver(count=3), r"the driver could not start \(CUDA error 3\)"),
    ],
)
def test_a_driver_in_trouble_is_one_reason(fake: FakeDriver, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words of whoever can help."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with pytest.raises(NoGpuError, match=why):
        devices(fake)


def test_gpus_that_are_hidden_are_told_as_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks first for a variable."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(NoGpuError, match=r"the driver sees no GPU .*; CUDA_VISIBLE_DEVICES is ''"):
        devices(FakeDriver(init=100))


def test_one_that_is_busy_leaves_the_others() -> None:
    """Taken by another process alone, full, or forbidden."""
    fake = FakeDriver((FakeGpu(retain=46), FakeGpu(), FakeGpu(retain=2), FakeGpu(mode=2)))
    assert devices(fake) == [
        "it is in exclusive mode, and another process has it (CUDA error 46)",
        "",
        "its memory is full (CUDA error 2)",
        "its compute mode forbids computing",
    ]
    assert fake.retained == [1]
