"""How busy the GPUs are and what they hold, by NVIDIA's own library where the machine has it.

NVML is a C library that comes with the driver, so there is nothing to install and nothing to import: ctypes calls it.
A driver in trouble may hang in any call, and a call takes milliseconds when all is well: a thread of its own asks, and
whoever scrapes waits for it a moment, then takes what was known last.

https://docs.nvidia.com/deploy/nvml-api/
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

LIBRARY = "libnvidia-ml.so.1"
PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU right now. None: it does not say (one that is cut into instances says nothing of its utilisation)."""

    index: int
    utilization_percent: int | None
    used_bytes: int | None
    total_bytes: int | None


Read = Callable[[], tuple[Gpu, ...]]


class _Utilization(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class Nvml:
    """The library, initialised. OSError: it is not there, or there is nothing that it could speak of."""

    def __init__(self, library: Any) -> None:
        self._library = library
        if code := library.nvmlInit_v2():
            raise OSError(f"NVML answers {code}")

    def read(self) -> tuple[Gpu, ...]:
        """All that it can see, in its order."""
        count = ctypes.c_uint()
        if self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return ()
        return tuple(gpu for index in range(count.value) if (gpu := self._gpu(index)) is not None)

    def _gpu(self, index: int) -> Gpu | None:
        library, device = self._library, ctypes.c_void_p()
        if library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(device)):
            return None
        busy, memory = _Utilization(), _Memory()
        says_busy = library.nvmlDeviceGetUtilizationRates(device, ctypes.byref(busy)) == 0
        says_memory = library.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == 0
        return Gpu(
            index,
            int(busy.gpu) if says_busy else None,
            int(memory.used) if says_memory else None,
            int(memory.total) if says_memory else None,
        )


def open_nvml(load: Callable[[str], Any] = ctypes.CDLL) -> Read:
    """What reads the GPUs of this machine; of one without any, nothing, for ever."""
    try:
        return Nvml(load(LIBRARY)).read
    except (OSError, AttributeError) as error:
        log.debug("no GPU is watched", extra={"reason": str(error)})
        return lambda: ()


class GpuWatch:
    """What was known last, and a look that never holds anybody up."""

    def __init__(self, open_: Callable[[], Read] = open_nvml, patience_s: float = PATIENCE_S) -> None:
        self._open = open_
        self._read: Read | None = None
        self._patience_s = patience_s
        self._looking: asyncio.Future[None] | None = None
        self.latest: tuple[Gpu, ...] = ()

    async def look(self) -> None:
        """Ask anew, unless the last question is still unanswered: then wait for that one. Not for long."""
        if self._looking is None or self._looking.done():
            loop = asyncio.get_running_loop()
            self._looking = loop.create_future()
            # Not asyncio's threads, whose end the end of the server would wait for.
            threading.Thread(target=self._look, args=(loop, self._looking), name="gpus", daemon=True).start()
        await asyncio.wait({self._looking}, timeout=self._patience_s)

    def _look(self, loop: asyncio.AbstractEventLoop, looked: asyncio.Future[None]) -> None:
        try:
            if self._read is None:
                self._read = self._open()
            self.latest = self._read()
        finally:
            try:
                loop.call_soon_threadsafe(looked.set_result, None)
            except RuntimeError:  # the loop has ended meanwhile
                log.debug("nobody waits for the GPUs any more")
