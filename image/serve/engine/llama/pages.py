"""The pages of a context: they are taken when they are used, not before.

llama.cpp writes zeros over all of a KV cache when it makes one, and again when it is cleared. So all of it is resident
before the first token, however little of it is ever used, and a start waits for it. To a reader, pages that were given
back to the kernel are zeros, too (madvise(2): private anonymous memory after MADV_DONTNEED), and cost nothing before
somebody writes. What a context may come to take stays the same: `lazy_bytes` is what is still to come of it.

A buffer of llama.cpp has a table of functions; its layout is nobody's business outside (ggml-backend-impl.h), and is
not taken for granted here: a small buffer must show which entry is which. Where it does not, all stays as it was. Only
buffers in the machine's memory are meant: those of a GPU have tables of their own.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

from serve.engine.llama.library import FOLDER

MIN_BYTES: Final = 1 << 20
_ALLOC = 1
"""The entry of a kind of buffers that makes one: `alloc_buffer`."""
_MAX_ENTRIES = 32
_TRIAL_BYTES = 64
_TRIAL_VALUE = 0x5A

_Clear = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint8)
_Alloc = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class Pages:
    """Stands in for llama.cpp's own way to clear buffers, as long as the process lives."""

    def __init__(self) -> None:
        self.lazy_bytes = 0
        """Of buffers that were cleared since `count`."""
        self._base = ctypes.CDLL(str(FOLDER / "libggml-base.so"))
        self._libc = ctypes.CDLL(None, use_errno=True)
        for name, result, *arguments in (
            ("ggml_backend_cpu_buffer_type", ctypes.c_void_p),
            ("ggml_backend_buft_alloc_buffer", ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t),
            ("ggml_backend_buffer_clear", None, ctypes.c_void_p, ctypes.c_uint8),
            ("ggml_backend_buffer_free", None, ctypes.c_void_p),
            ("ggml_backend_buffer_get_base", ctypes.c_void_p, ctypes.c_void_p),
            ("ggml_backend_buffer_get_size", ctypes.c_size_t, ctypes.c_void_p),
        ):
            function = getattr(self._base, name)
            function.restype, function.argtypes = result, arguments
        self._libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        self._clear, self._alloc = _Clear(self._cleared), _Alloc(self._allocated)  # C holds no reference
        self._kind = self._base.ggml_backend_cpu_buffer_type()
        self._clear_entry = self._find_clear()
        self.is_lazy = self._clear_entry is not None and self._reads_as_zeros() and self._stand_in()

    def count(self) -> None:
        """Begin anew: a context is about to be made."""
        self.lazy_bytes = 0

    # ---- what llama.cpp calls ----

    def _allocated(self, kind: int, size: int) -> int | None:
        buffer: int | None = self._original(kind, size)
        if buffer and size >= MIN_BYTES and self._clear_entry is not None:
            _entries(buffer)[self._clear_entry] = _address(self._clear)
        return buffer

    def _cleared(self, buffer: int, value: int) -> None:
        start = self._base.ggml_backend_buffer_get_base(buffer)
        size = self._base.ggml_backend_buffer_get_size(buffer)
        if value == 0 and self._give_back(start, size):
            self.lazy_bytes += size
        else:
            ctypes.memset(start, value, size)

    def _give_back(self, start: int, size: int) -> bool:
        """Whole pages; what lies on others' pages is written. False: the kernel keeps them, as it does locked ones."""
        first, end = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE, (start + size) // mmap.PAGESIZE * mmap.PAGESIZE
        if self._libc.madvise(first, end - first, mmap.MADV_DONTNEED) != 0:
            return False
        ctypes.memset(start, 0, first - start)
        ctypes.memset(end, 0, start + size - end)
        return True

    def _reads_as_zeros(self) -> bool:
        """Is what the kernel says of pages given back true? An emulated one may only say yes."""
        with mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as page:
            page[0] = 1
            start = (ctypes.c_char * mmap.PAGESIZE).from_buffer(page)
            given = self._give_back(ctypes.addressof(start), mmap.PAGESIZE)
            del start  # the mapping can't be closed before
            return given and page[0] == 0

    # ---- which entry is which ----

    def _find_clear(self) -> int | None:
        """The entry of a buffer that is called to clear it: each is tried. The tables end where their kind is named."""
        buffer = self._base.ggml_backend_buft_alloc_buffer(self._kind, _TRIAL_BYTES)
        if not buffer:
            return None
        try:
            entries = _entries(buffer)
            num = next((i for i in range(_MAX_ENTRIES) if entries[i] == self._kind), 0)
            return next((i for i in range(num) if self._is_clear(buffer, i)), None)
        finally:
            self._base.ggml_backend_buffer_free(buffer)

    def _is_clear(self, buffer: int, entry: int) -> bool:
        called: list[tuple[int, int]] = []
        trial = _Clear(lambda *arguments: called.append(arguments))
        clear = self._base.ggml_backend_buffer_clear
        _with_entry(buffer, entry, _address(trial), lambda: clear(buffer, _TRIAL_VALUE))
        return called == [(buffer, _TRIAL_VALUE)]

    def _stand_in(self) -> bool:
        """Make all buffers of this kind from now on. False when another entry makes them: then nothing is changed."""
        called: list[tuple[int, int]] = []
        trial = _Alloc(lambda *arguments: called.append(arguments))  # no buffer
        make = self._base.ggml_backend_buft_alloc_buffer
        _with_entry(self._kind, _ALLOC, _address(trial), lambda: make(self._kind, _TRIAL_BYTES))
        if called != [(self._kind, _TRIAL_BYTES)]:
            return False
        entries = _entries(self._kind)
        self._original = _Alloc(entries[_ALLOC])
        entries[_ALLOC] = _address(self._alloc)
        return True


def _entries(table: int) -> Any:
    return ctypes.cast(table, ctypes.POINTER(ctypes.c_size_t))


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0


def _with_entry(table: int, entry: int, address: int, call: Callable[[], object]) -> None:
    entries = _entries(table)
    kept = entries[entry]
    entries[entry] = address
    try:
        call()
    finally:
        entries[entry] = kept


@cache
def pages() -> Pages:
    """One for the process, as llama.cpp has one table for all buffers of a kind."""
    return Pages()


def anonymous_bytes(statm: Path = Path("/proc/self/statm")) -> int:
    """What this process takes that is no file's (proc_pid_statm(5): resident, less what files have of it)."""
    _, resident, shared, *_ = map(int, statm.read_text().split())
    return (resident - shared) * mmap.PAGESIZE
