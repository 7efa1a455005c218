"""The child that looks: `python -m serve.gpu.probe FOLDER` writes a Report in one line of JSON and ends.

It does what a worker will do, up to the point where a model would be loaded: the driver, a context on each GPU, CUDA's
runtime, ggml's CUDA library. Whatever crashes on the way takes nobody with it.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from serve.errors import SetupError
from serve.gpu.driver import Driver, NoGpuError, Seen
from serve.gpu.fatbin import Code, compiled_for
from serve.gpu.types import Report

LIBRARY = "libggml-cuda.so"
_RUNTIME = "libcudart.so."


def probe(folder: Path, load: Callable[[str], Any] = ctypes.CDLL) -> Report:
    """What there is. `folder` is where libggml-cuda.so and CUDA's runtime are."""
    try:
        runtime = _runtime(folder)
        codes = compiled_for(folder / LIBRARY)
        seen = list(Driver(int(runtime.name.removeprefix(_RUNTIME).split(".")[0]), load).devices())
        refused = tuple(
            f"GPU {index} ({each.device.name}): {why}"
            for index, each in enumerate(seen)
            if (why := _why_not(each, codes))
        )
        devices = tuple(each.device for each in seen if not _why_not(each, codes))
        if not devices:
            raise NoGpuError("; ".join(refused))
        _load(runtime, folder / LIBRARY, load)
    except (NoGpuError, SetupError) as error:
        return Report(why=" ".join(str(error).split()))
    return Report(devices, refused)


def _why_not(seen: Seen, codes: frozenset[Code]) -> str:
    if seen.why_not:
        return seen.why_not
    if codes and not any(code.runs_on(seen.device.compute) for code in codes):
        major, minor = seen.device.compute
        built = ", ".join(str(code) for code in sorted(codes))
        return f"its compute capability is {major}.{minor}, and this image was compiled for {built}"
    return ""


def _runtime(folder: Path) -> Path:
    found = sorted(path for path in folder.glob(f"{_RUNTIME}*") if re.fullmatch(r"\d+", path.suffix[1:]))
    if not found:
        raise NoGpuError(f"CUDA's runtime library is not in {folder}")
    return found[0]


def _load(runtime: Path, library: Path, load: Callable[[str], Any]) -> None:
    try:
        cudart, count = load(str(runtime)), ctypes.c_int()
        if code := cudart.cudaGetDeviceCount(ctypes.byref(count)):
            cudart.cudaGetErrorString.restype = ctypes.c_char_p
            raise NoGpuError(f"CUDA's runtime finds no GPU: {cudart.cudaGetErrorString(code).decode()} ({code})")
        load(str(library))
    except OSError as error:
        raise NoGpuError(f"ggml's CUDA library can't be loaded: {error}") from error


if __name__ == "__main__":
    sys.stdout.write(probe(Path(sys.argv[1])).to_json() + "\n")
