"""The library itself: its version, its CPU variants, its log. The only file that imports llama_cpp."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path

import llama_cpp as C  # type: ignore[import-not-found]  # noqa: N812  (its functions are C functions)

from serve.engine.types import LoadError

# Struct layouts change with every llama.cpp; a wrong one corrupts memory instead of failing.
BINDINGS_VERSION = "0.3.36"
_LOG_ERROR = 4

__all__ = ["BINDINGS_VERSION", "C", "Log", "log", "start"]


def start() -> None:
    """Check the version and make the backends ready. Safe to call twice."""
    if C.__version__ != BINDINGS_VERSION:
        raise LoadError(f"llama-cpp-python is {C.__version__}: this server is made for {BINDINGS_VERSION}")
    log()
    _load_cpu_variants()
    C.llama_backend_init()


def _load_cpu_variants() -> None:
    """Load the CPU variants from the library's own folder.

    Left alone, llama_backend_init looks for them in the current directory too, where anyone may have put a library.
    """
    folder = Path(C.__file__).parent / "lib"
    if not any(folder.glob("libggml-cpu-*.so")):
        return  # one CPU baseline, linked in
    ggml = ctypes.CDLL(str(folder / "libggml.so"))
    ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
    ggml.ggml_backend_load_all_from_path.restype = None
    ggml.ggml_backend_load_all_from_path(str(folder).encode())


class Log:
    """Keeps the first error that llama.cpp logs (later ones only repeat that something failed), shows nothing."""

    def __init__(self) -> None:
        self._first = ""

        @C.llama_log_callback  # type: ignore[untyped-decorator]
        def keep(level: int, text: bytes, _: object) -> None:
            if level == _LOG_ERROR and not self._first:
                self._first = text.decode("utf-8", "replace").strip()

        self._callback = keep  # C holds no reference
        C.llama_log_set(keep, None)

    def first(self) -> str:
        """The first error since `clear`."""
        return self._first or "llama.cpp gave no reason"

    def clear(self) -> None:
        """What went wrong before does not count any more."""
        self._first = ""


@cache
def log() -> Log:
    """One for the process, because C has one callback, which must outlive every call."""
    return Log()
