"""How this process uses GPUs: how many layers go there, and what must not without cuBLAS. See engine/cublas.py."""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

from serve.engine.cublas import first_for_cublas, refusal
from serve.engine.errors import LoadError
from serve.engine.llama.library import FOLDER, C
from serve.engine.llama.tensors import read_tensors

_ALL_LAYERS = -1


class Gpu:
    """Of one model. `layers` None: all of them; 0: no GPU is touched."""

    def __init__(self, layers: int | None) -> None:
        self._layers = layers
        self._uses_cublas = False

    @property
    def is_used(self) -> bool:
        """Is anything computed there?"""
        return self._layers != 0

    def check_file(self, path: Path) -> None:
        """LoadError where weights, or an adapter, need cuBLAS and there is none."""
        if self.is_used and path.is_file() and (needs := first_for_cublas(read_tensors(path))):
            self.need_cublas(path, needs)

    def need_cublas(self, path: Path, needs: str) -> None:
        """The same for what does not show in the file."""
        if not self.is_used:
            return
        if why_not := _lack_of_cublas():
            raise LoadError(refusal(path, needs, why_not))
        self._uses_cublas = True

    def set_model_params(self, params: Any) -> None:
        """Where its layers go. Several GPUs share them by what each has free: llama.cpp's own way."""
        params.n_gpu_layers = _ALL_LAYERS if self._layers is None else self._layers
        if not self.is_used:
            self._none = (ctypes.c_void_p * 1)()  # a list of no device; C keeps the address
            params.devices = ctypes.cast(self._none, ctypes.c_void_p)

    def set_context_params(self, params: Any) -> None:
        """Without flash attention the scores of attention are a product for cuBLAS."""
        if self.is_used and not self._uses_cublas:
            params.flash_attn_type = C.LLAMA_FLASH_ATTN_TYPE_ENABLED


@cache
def _lack_of_cublas() -> str:
    """Why the forwarding library has no cuBLAS behind it; empty where it has, or is cuBLAS itself."""
    found = sorted(FOLDER.glob("libcublas.so.*"))
    if not found:
        return f"there is no libcublas in {FOLDER}"
    library = ctypes.CDLL(str(found[0]))
    try:
        path, reason = library.slipway_cublas_path, library.slipway_cublas_reason
    except AttributeError:
        return ""
    path.restype = reason.restype = ctypes.c_char_p
    return "" if path() else str(reason().decode("utf-8", "replace"))
