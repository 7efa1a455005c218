"""NVIDIA's driver, asked through its own library: which GPUs there are, and why one can't be used.

Only in a process that ends soon: a context on each GPU is what tells whether it is free, and it stays. The runtime of
CUDA is not asked for this, because it has one error for many causes.

https://docs.nvidia.com/cuda/cuda-driver-api/
"""

from __future__ import annotations

import ctypes
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from serve.gpu.types import Device

LIBRARY = "libcuda.so.1"
_MAJOR, _MINOR, _COMPUTE_MODE = 75, 76, 20
_PROHIBITED = 2
_NAME_BYTES = 256

# What a person can do something about, in words of theirs; others keep the driver's own.
REASONS = {
    2: "its memory is full",
    3: "the driver could not start",
    34: "libcuda.so.1 is the toolkit's stub, not a driver's library",
    46: "it is in exclusive mode, and another process has it",
    100: "the driver sees no GPU",
    214: "its memory has an error that can't be corrected: it must be reset",
    802: "the system is not ready: is the fabric manager running?",
    803: "the driver's library is not of the version of its kernel module: restart the node",
    804: "the forward-compatibility library does not work with this GPU",
}


class NoGpuError(Exception):
    """There is none that can be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One GPU: usable, or why not."""

    device: Device
    why_not: str = ""


class Driver:
    """libcuda, initialised. NoGpuError: it is not there, too old, or in trouble."""

    def __init__(self, needed: int, load: Callable[[str], Any] = ctypes.CDLL) -> None:
        """`needed` is the major version of CUDA that the runtime library has."""
        try:
            self._library = load(LIBRARY)
        except OSError as error:
            raise NoGpuError(f"there is no NVIDIA driver here ({error})") from error
        version = ctypes.c_int()
        # Asked first: an old driver may answer anything to cuInit.
        if self._library.cuDriverGetVersion(ctypes.byref(version)) == 0 and version.value < needed * 1000:
            found = f"{version.value // 1000}.{version.value % 1000 // 10}"
            raise NoGpuError(f"the NVIDIA driver is too old: it knows CUDA {found}, and {needed}.0 is needed")
        if code := self._library.cuInit(0):
            raise NoGpuError(self._text(code) + _masked(code))

    def devices(self) -> Iterator[Seen]:
        """All that this process may see, in CUDA's order."""
        count = ctypes.c_int()
        if code := self._library.cuDeviceGetCount(ctypes.byref(count)):
            raise NoGpuError(self._text(code))
        if count.value == 0:
            raise NoGpuError(REASONS[100] + _masked(100))
        for index in range(count.value):
            yield self._seen(index)

    def _seen(self, index: int) -> Seen:
        library, handle, total = self._library, ctypes.c_int(), ctypes.c_size_t()
        name, raw = ctypes.create_string_buffer(_NAME_BYTES), (ctypes.c_ubyte * 16)()
        library.cuDeviceGet(ctypes.byref(handle), index)
        library.cuDeviceGetName(name, _NAME_BYTES, handle)
        library.cuDeviceTotalMem_v2(ctypes.byref(total), handle)
        library.cuDeviceGetUuid_v2(raw, handle)
        compute = (self._attribute(_MAJOR, handle), self._attribute(_MINOR, handle))
        if self._attribute(_COMPUTE_MODE, handle) == _PROHIBITED:
            free, why_not = 0, "its compute mode forbids computing"
        else:
            free, why_not = self._free(handle)
        text = name.value.decode("utf-8", "replace")
        prefix = "MIG" if " MIG " in f" {text} " else "GPU"
        return Seen(Device(text, f"{prefix}-{uuid.UUID(bytes=bytes(raw))}", compute, total.value, free), why_not)

    def _attribute(self, number: int, handle: ctypes.c_int) -> int:
        value = ctypes.c_int()
        self._library.cuDeviceGetAttribute(ctypes.byref(value), number, handle)
        return value.value

    def _free(self, handle: ctypes.c_int) -> tuple[int, str]:
        """Only a context of one's own tells that, and whether one can be had at all."""
        library, context, free, total = self._library, ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t()
        if code := library.cuDevicePrimaryCtxRetain(ctypes.byref(context), handle):
            return 0, self._text(code)
        try:
            code = library.cuCtxSetCurrent(context) or library.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        finally:
            library.cuDevicePrimaryCtxRelease_v2(handle)
        return (0, self._text(code)) if code else (free.value, "")

    def _text(self, code: int) -> str:
        if code in REASONS:
            return f"{REASONS[code]} (CUDA error {code})"
        text = ctypes.c_char_p()
        told = self._library.cuGetErrorString(code, ctypes.byref(text)) == 0 and text.value
        return f"{text.value.decode() if told and text.value else 'the driver fails'} (CUDA error {code})"


def _masked(code: int) -> str:
    """Nobody looks first for a variable that hides all of them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return f"; CUDA_VISIBLE_DEVICES is {visible!r}" if code == 100 and visible is not None else ""
