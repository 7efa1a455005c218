"""The library itself: its bindings, its version, its CPU variants, its log. The only file that imports llama_cpp."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from serve.engine.types import LoadError

# Struct layouts change with every llama.cpp; a wrong one corrupts memory instead of failing.
BINDINGS_VERSION = "0.3.36"
_LOG_ERROR = 4

__all__ = ["BINDINGS_VERSION", "C", "Log", "log", "start"]


def _import_bindings() -> Any:
    """The low-level module alone. The package's own __init__ imports numpy, Jinja and classes that nobody here uses.

    That takes longer than all else in the start of a worker, and 25 MB. What imports the package afterwards gets one
    that has the low-level names.
    """
    found = importlib.util.find_spec("llama_cpp")
    if found is None or found.origin is None:
        raise ImportError("llama_cpp is not on the path of Python")
    if "llama_cpp" not in sys.modules:
        package = ModuleType("llama_cpp")
        package.__path__, package.__file__, package.__spec__ = [str(Path(found.origin).parent)], found.origin, found
        sys.modules["llama_cpp"] = package
        bindings = importlib.import_module("llama_cpp.llama_cpp")
        package.__getattr__ = lambda name: getattr(bindings, name)  # type: ignore[method-assign]
    return importlib.import_module("llama_cpp.llama_cpp")


C: Any = _import_bindings()
_FOLDER = Path(C.__file__).parent


def _version() -> str:
    """Without running it."""
    found = re.search(r'__version__ = "([^"]+)"', (_FOLDER / "__init__.py").read_text(encoding="utf-8"))
    return found[1] if found else "unknown"


def start() -> None:
    """Check the version and make the backends ready. Safe to call twice."""
    if _version() != BINDINGS_VERSION:
        raise LoadError(f"llama-cpp-python is {_version()}: this server is made for {BINDINGS_VERSION}")
    log()
    _load_cpu_variants()
    C.llama_backend_init()


def _load_cpu_variants() -> None:
    """Load the CPU variants from the library's own folder.

    Left alone, llama_backend_init looks for them in the current directory too, where anyone may have put a library.
    """
    folder = _FOLDER / "lib"
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
