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

from serve.engine.errors import LoadError

# Struct layouts change with every llama.cpp; a wrong one corrupts memory instead of failing.
BINDINGS_VERSION = "0.3.36"
_LOG_INFO, _LOG_ERROR = 2, 4
_GPU_TYPES = (1, 2)  # of ggml_backend_dev_type; the second one shares the machine's memory
_GPU_BUFFER = re.compile(r"(?P<where>CUDA\d+) +(?P<kind>.*)buffer size = +(?P<mib>[0-9.]+) MiB")

__all__ = ["BINDINGS_VERSION", "FOLDER", "C", "Log", "log", "start"]


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
_PACKAGE = Path(C.__file__).parent
FOLDER = _PACKAGE / "lib"


def _version() -> str:
    """Without running it."""
    found = re.search(r'__version__ = "([^"]+)"', (_PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    return found[1] if found else "unknown"


def start(*, uses_gpus: bool = False) -> None:
    """Check the version and make the backends ready. Safe to call twice."""
    if _version() != BINDINGS_VERSION:
        raise LoadError(f"llama-cpp-python is {_version()}: this server is made for {BINDINGS_VERSION}")
    log()
    _load_backends(uses_gpus=uses_gpus)
    C.llama_backend_init()


@cache
def _load_backends(*, uses_gpus: bool) -> None:
    """Load the best CPU variant and, where it is used, CUDA, from the library's own folder and each by its path.

    Left alone, llama_backend_init looks for them in the current directory too, where anyone may have put a library; and
    ggml_backend_load_all_from_path loads CUDA wherever it lies, which starts a driver that nobody wants.
    """
    if variant := _best(sorted(FOLDER.glob("libggml-cpu-*.so"))):  # else one CPU baseline, linked in
        _load(variant)
    if uses_gpus:
        log().clear()
        _load(FOLDER / "libggml-cuda.so")
        if not _has_gpu():
            raise LoadError(f"no GPU can be used: {log().first()}")


def _best(variants: list[Path]) -> Path | None:
    """Each says how well it suits this CPU; 0: not at all."""
    scores = {path: _score(path) for path in variants}
    return max((path for path, score in scores.items() if score), key=scores.__getitem__, default=None)


def _score(path: Path) -> int:
    library = ctypes.CDLL(str(path))
    score = int(library.ggml_backend_score())
    ctypes.CDLL(None).dlclose(ctypes.c_void_p(library._handle))  # there are many, and one is used
    return score


def _load(path: Path) -> None:
    load = ctypes.CDLL(str(FOLDER / "libggml.so")).ggml_backend_load
    load.argtypes, load.restype = [ctypes.c_char_p], ctypes.c_void_p
    if not load(str(path).encode()):
        raise LoadError(f"{path} can't be loaded: {log().first()}")


def _has_gpu() -> bool:
    find = ctypes.CDLL(str(FOLDER / "libggml.so")).ggml_backend_dev_by_type
    find.argtypes, find.restype = [ctypes.c_int], ctypes.c_void_p
    return any(find(each) for each in _GPU_TYPES)


class Log:
    """Keeps the first error that llama.cpp logs (later ones only repeat that something failed), shows nothing.

    And counts what it says it took of GPUs: asked for what is free, they would tell of other processes, too.
    """

    def __init__(self) -> None:
        self._first = ""
        self._buffers: dict[tuple[str, str], float] = {}

        @C.llama_log_callback  # type: ignore[untyped-decorator]
        def keep(level: int, text: bytes, _: object) -> None:
            if level == _LOG_ERROR and not self._first:
                self._first = text.decode("utf-8", "replace").strip()
            elif level == _LOG_INFO and b"buffer size" in text:
                self.count(text.decode("utf-8", "replace"))

        self._callback = keep  # C holds no reference
        C.llama_log_set(keep, None)

    def first(self) -> str:
        """The first error since `clear`."""
        return self._first or "llama.cpp gave no reason"

    def count(self, line: str) -> None:
        """Compute buffers are planned anew, in place of the old; of the other kinds there may be several."""
        if match := _GPU_BUFFER.search(line):
            key, mib = (match["where"], match["kind"]), float(match["mib"])
            before = self._buffers.get(key, 0.0)
            self._buffers[key] = max(before, mib) if "compute" in match["kind"] else before + mib

    def gpu_bytes(self) -> int:
        """All that this process was told to have, on all GPUs."""
        return int(sum(self._buffers.values()) * 2**20)

    def clear(self) -> None:
        """What went wrong before does not count any more."""
        self._first = ""


@cache
def log() -> Log:
    """One for the process, because C has one callback, which must outlive every call."""
    return Log()
