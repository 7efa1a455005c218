"""An NVIDIA driver without a GPU: answers what a test wants it to, by the names of libcuda and of CUDA's runtime.

Arguments come as ctypes hands them over; `_obj` is what a reference refers to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

GIB = 2**30


@dataclass(frozen=True, slots=True)
class FakeGpu:
    """What one says of itself. `retain`: what asking for a context on it answers."""

    name: str = "NVIDIA L4"
    compute: tuple[int, int] = (8, 9)
    total_bytes: int = 24 * GIB
    free_bytes: int = 23 * GIB
    mode: int = 0
    retain: int = 0


@dataclass(slots=True)
class FakeDriver:
    """libcuda and libcudart in one. `missing` is a library that can't be loaded."""

    gpus: tuple[FakeGpu, ...] = (FakeGpu(),)
    version: int = 13000
    init: int = 0
    count: int = 0
    runtime: int = 0
    missing: str = ""
    retained: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    current: int = -1

    def load(self, name: str) -> Any:
        """In place of ctypes.CDLL."""
        self.opened.append(name)
        if self.missing and self.missing in name:
            raise OSError(f"{self.missing}: cannot open shared object file: No such file or directory")
        return _Library(self)


class _Text:
    """A function that returns a text: ctypes has its type set."""

    restype: Any = None

    def __call__(self, code: int) -> bytes:
        return b"what the runtime says"


class _Library:
    """The functions, by their names."""

    def __init__(self, driver: FakeDriver) -> None:
        self._driver = driver
        self.cudaGetErrorString = _Text()

    def cuDriverGetVersion(self, version: Any) -> int:
        version._obj.value = self._driver.version
        return 0

    def cuInit(self, flags: int) -> int:
        return self._driver.init

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = len(self._driver.gpus)
        return self._driver.count

    def cuDeviceGet(self, handle: Any, index: int) -> int:
        handle._obj.value = index
        return 0

    def cuDeviceGetName(self, name: Any, size: int, handle: Any) -> int:
        name.value = self._driver.gpus[handle.value].name.encode()
        return 0

    def cuDeviceTotalMem_v2(self, total: Any, handle: Any) -> int:
        total._obj.value = self._driver.gpus[handle.value].total_bytes
        return 0

    def cuDeviceGetUuid_v2(self, raw: Any, handle: Any) -> int:
        raw[15] = handle.value
        return 0

    def cuDeviceGetAttribute(self, value: Any, number: int, handle: Any) -> int:
        gpu = self._driver.gpus[handle.value]
        value._obj.value = {75: gpu.compute[0], 76: gpu.compute[1], 20: gpu.mode}[number]
        return 0

    def cuDevicePrimaryCtxRetain(self, context: Any, handle: Any) -> int:
        gpu = self._driver.gpus[handle.value]
        if gpu.retain == 0:
            self._driver.retained.append(handle.value)
            context._obj.value = handle.value + 1
        return int(gpu.retain)

    def cuCtxSetCurrent(self, context: Any) -> int:
        self._driver.current = context.value - 1
        return 0

    def cuMemGetInfo_v2(self, free: Any, total: Any) -> int:
        gpu = self._driver.gpus[self._driver.current]
        free._obj.value, total._obj.value = gpu.free_bytes, gpu.total_bytes
        return 0

    def cuDevicePrimaryCtxRelease_v2(self, handle: Any) -> int:
        self._driver.released.append(handle.value)
        return 0

    def cuGetErrorString(self, code: int, text: Any) -> int:
        text._obj.value = b"some other trouble"
        return 0

    def cudaGetDeviceCount(self, count: Any) -> int:
        return int(self._driver.runtime)
