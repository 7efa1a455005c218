"""What tensors a GGUF has, read by ggml's own reader: names, types and dimensions, and none of the weights."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from serve.engine.cublas import Tensor
from serve.engine.errors import LoadError
from serve.engine.llama.library import FOLDER

_PART = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.gguf")


class _Params(ctypes.Structure):
    _fields_ = (("no_alloc", ctypes.c_bool), ("ctx", ctypes.POINTER(ctypes.c_void_p)))


def read_tensors(path: Path) -> list[Tensor]:
    """Of all parts of a model, or of an adapter. LoadError: one can't be read."""
    return [tensor for part in _parts(path) for tensor in _read(_library(), part)]


def _parts(path: Path) -> list[Path]:
    match = _PART.fullmatch(path.name)
    if match is None:
        return [path]
    count = int(match["count"])
    return [path.with_name(f"{match['stem']}-{index:05}-of-{count:05}.gguf") for index in range(1, count + 1)]


def _read(library: Any, path: Path) -> Iterator[Tensor]:
    shapes = ctypes.c_void_p()
    gguf = library.gguf_init_from_file(str(path).encode(), _Params(no_alloc=True, ctx=ctypes.pointer(shapes)))
    if not gguf:
        raise LoadError(f"{path} can't be loaded: it is damaged, or no GGUF")
    try:
        for index in range(library.gguf_get_n_tensors(gguf)):
            name = library.gguf_get_tensor_name(gguf, index)
            kind = library.ggml_type_name(library.gguf_get_tensor_type(gguf, index)) or b"?"
            num_dims = library.ggml_n_dims(library.ggml_get_tensor(shapes, name))
            yield Tensor(name.decode("utf-8", "replace"), kind.decode(), num_dims)
    finally:
        library.ggml_free(shapes)
        library.gguf_free(gguf)


def _library() -> Any:
    library = ctypes.CDLL(str(FOLDER / "libggml-base.so"))
    text, pointer, number = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64
    for name, result, *arguments in (
        ("gguf_init_from_file", pointer, text, _Params),
        ("gguf_free", None, pointer),
        ("gguf_get_n_tensors", number, pointer),
        ("gguf_get_tensor_name", text, pointer, number),
        ("gguf_get_tensor_type", ctypes.c_int, pointer, number),
        ("ggml_type_name", text, ctypes.c_int),
        ("ggml_get_tensor", pointer, pointer, text),
        ("ggml_n_dims", ctypes.c_int, pointer),
        ("ggml_free", None, pointer),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
