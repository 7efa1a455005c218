"""Tests of serve.telemetry.gpu, on a stand-in for NVIDIA's library that is called as ctypes calls the real one."""

from __future__ import annotations

import asyncio
import ctypes
import threading
from typing import Any

from serve.telemetry.gpu import LIBRARY, Gpu, GpuWatch, Nvml, Read, open_nvml

NOT_SUPPORTED = 3
GIB = 2**30


class FakeNvml:
    """Two GPUs: one that says all, and one that is cut into instances."""

    def __init__(self, init_code: int = 0) -> None:
        self._init_code = init_code

    def nvmlInit_v2(self) -> int:
        return self._init_code

    def nvmlDeviceGetCount_v2(self, count: Any) -> int:
        count._obj.value = 2
        return 0

    def nvmlDeviceGetHandleByIndex_v2(self, index: ctypes.c_uint, device: Any) -> int:
        device._obj.value = 100 + index.value
        return 0

    def nvmlDeviceGetUtilizationRates(self, device: ctypes.c_void_p, rates: Any) -> int:
        if device.value == 101:
            return NOT_SUPPORTED
        rates._obj.gpu = 87
        return 0

    def nvmlDeviceGetMemoryInfo(self, device: ctypes.c_void_p, memory: Any) -> int:
        assert device.value is not None
        memory._obj.total, memory._obj.used = 80 * GIB, (device.value - 100) * GIB
        return 0


def absent(name: str) -> Any:
    """As the system's loader says it."""
    raise OSError(f"{name}: cannot open shared object file")


def test_what_a_gpu_says_is_told_and_what_it_does_not_say_is_not() -> None:
    """In the library's order; an instance has no utilisation, but memory."""
    assert Nvml(FakeNvml()).read() == (Gpu(0, 87, 0, 80 * GIB), Gpu(1, None, GIB, 80 * GIB))


def test_a_machine_without_the_library_has_no_gpus() -> None:
    """Nor has one whose driver does not answer."""
    assert open_nvml(absent)() == ()
    assert open_nvml(lambda _: FakeNvml(init_code=9))() == ()


def test_the_library_is_asked_for_by_the_name_that_comes_with_the_driver() -> None:
    """The plain name is only there where one develops."""
    names: list[str] = []

    def load(name: str) -> FakeNvml:
        names.append(name)
        return FakeNvml()

    assert len(open_nvml(load)()) == 2
    assert names == [LIBRARY]


def test_a_look_brings_what_is_so_now() -> None:
    """Opened once, read each time."""
    opened = 0
    seen = [(Gpu(0, 1, None, None),), (Gpu(0, 2, None, None),)]

    def open_() -> Read:
        nonlocal opened
        opened += 1
        return lambda: seen.pop(0)

    async def story() -> None:
        watch = GpuWatch(open_)
        assert not watch.latest
        for percent in (1, 2):
            await watch.look()
            assert [gpu.utilization_percent for gpu in watch.latest] == [percent]

    asyncio.run(story())
    assert opened == 1


def test_a_driver_that_hangs_holds_up_nobody() -> None:
    """Who looks goes on with what was known; one question is enough until it is answered."""
    release, asked = threading.Event(), []

    def read() -> tuple[Gpu, ...]:
        asked.append(1)
        release.wait(20)
        return (Gpu(0, 5, None, None),)

    async def story() -> None:
        watch = GpuWatch(lambda: read, patience_s=0.01)
        for _ in range(3):
            await watch.look()
            assert watch.latest == ()
        release.set()
        while not watch.latest:
            await watch.look()

    asyncio.run(story())
    assert asked
