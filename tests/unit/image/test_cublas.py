"""The forwarding libcublas: what is called arrives unchanged at the real one, and without it there is a reason.

The real one here is a library that writes down what it was called with. Its signatures are written from cuBLAS's manual
as letters, not taken from the file that is tested: p a pointer, i an int or an enum, l a long long, z a size.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.c_library import compile_library

SOURCE = Path("image/cuda/cublas.c")
HEADERS = Path("tests/fixtures/cuda")
SIGNATURES = {
    "cublasCreate_v2": "p",
    "cublasDestroy_v2": "p",
    "cublasSetStream_v2": "pp",
    "cublasSetMathMode": "pi",
    "cublasSetWorkspace_v2": "ppz",
    "cublasSgemm_v2": "piiiiippipippi",
    "cublasSgemmBatched": "piiiiippipippii",
    "cublasSgemmStridedBatched": "piiiiippilpilppili",
    "cublasGemmEx": "piiiiippiipiippiiii",
    "cublasGemmBatchedEx": "piiiiippiipiippiiiii",
    "cublasGemmStridedBatchedEx": "piiiiippiilpiilppiiliii",
    "cublasStrsmBatched": "piiiiiippipii",
    "cublasGetStatusString": "i",
}
TYPES = {"p": "void *", "i": "int ", "l": "long long ", "z": "size_t "}
FORMATS = {"p": "%lld", "i": "%d", "l": "%lld", "z": "%zu"}
NOT_INITIALIZED = 1

CHILD = """
import ctypes, json, sys
library, signatures = ctypes.CDLL(sys.argv[1]), json.loads(sys.argv[2])
kinds = {"p": ctypes.c_void_p, "i": ctypes.c_int, "l": ctypes.c_longlong, "z": ctypes.c_size_t}
library.slipway_cublas_path.restype = library.slipway_cublas_reason.restype = ctypes.c_char_p
library.cublasGetStatusString.restype = ctypes.c_char_p
told = {"path": library.slipway_cublas_path(), "reason": library.slipway_cublas_reason()}
for number, (name, letters) in enumerate(signatures.items()):
    function = getattr(library, name)
    function.argtypes = [kinds[letter] for letter in letters]
    wide = 2**33 + 1  # so that a half that is lost shows
    values = [(1000 * number + place + 1) * (1 if one == "i" else wide) for place, one in enumerate(letters)]
    status = function(*values)
    last = ctypes.CDLL(told["path"].decode()).slipway_last_call if told["path"] else None
    if last is not None:
        last.restype = ctypes.c_char_p
    told[name] = [values, status if isinstance(status, int) else status.decode(), last().decode() if last else None]
print(json.dumps({k: v.decode() if isinstance(v, bytes) else v for k, v in told.items()}))
"""


def _recording() -> str:
    """A libcublas that keeps the last call as text and answers with a number of its own for each function."""
    lines = ["#include <stdio.h>", "#include <stddef.h>", "static char last[4096];"]
    lines += ["const char *slipway_last_call(void) { return last; }"]
    for number, (name, letters) in enumerate(SIGNATURES.items()):
        parameters = ", ".join(f"{TYPES[letter]}a{place}" for place, letter in enumerate(letters))
        values = ", ".join(f"(long long)a{p}" if letter == "p" else f"a{p}" for p, letter in enumerate(letters))
        form = " ".join(FORMATS[letter] for letter in letters)
        is_text = name == "cublasGetStatusString"
        returns, value = ("const char *", '"a status"') if is_text else ("int ", str(100 + number))
        body = f'snprintf(last, sizeof last, "{name} {form}", {values}); return {value};'
        lines.append(f"{returns}{name}({parameters}) {{ {body} }}")
    return "\n".join(lines)


@pytest.fixture(scope="module")
def forwarder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library, compiled."""
    path = tmp_path_factory.mktemp("cublas") / "libcublas.so.13"
    return compile_library(path, SOURCE, f"-I{HEADERS}", "-Wl,-soname,libcublas.so.13", "-Wl,-z,defs")


def _real(folder: Path, source: str | None = None) -> Path:
    """A folder with a library that stands for NVIDIA's."""
    compile_library(folder / "libcublasLt.so.13", "int cublasLtIsThere;", "-Wl,-soname,libcublasLt.so.13")
    compile_library(folder / "libcublas.so.13", source or _recording(), "-Wl,-soname,libcublas.so.13")
    return folder


def _ask(forwarder: Path, folder: str | None) -> dict[str, Any]:
    """What a process of its own gets: the library looks for the real one once."""
    environ = {name: value for name, value in os.environ.items() if name != "SLIPWAY_CUBLAS"}
    environ |= {} if folder is None else {"SLIPWAY_CUBLAS": folder}
    command = [sys.executable, "-c", CHILD, str(forwarder), json.dumps(SIGNATURES)]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def test_forwards(forwarder: Path, tmp_path: Path) -> None:
    """All thirteen functions arrive under their names with each argument as it was, and their statuses come back."""
    told = _ask(forwarder, str(_real(tmp_path)))
    assert (told.pop("path"), told.pop("reason")) == (str(tmp_path / "libcublas.so.13"), "")
    for number, name in enumerate(SIGNATURES):
        values, status, last = told[name]
        assert last == f"{name} {' '.join(map(str, values))}"
        assert status == ("a status" if name == "cublasGetStatusString" else 100 + number)


def test_exports(forwarder: Path) -> None:
    """Nothing else is exported: what ggml newly calls must fail to link, not be found by chance."""
    listed = subprocess.run(["nm", "-D", "--defined-only", str(forwarder)], capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in listed.stdout.splitlines()}
    assert names == {*SIGNATURES, "slipway_cublas_path", "slipway_cublas_reason"}


def _refused(told: dict[str, Any]) -> str:
    """The reason, where every call says that there is no cuBLAS."""
    assert told.pop("path") is None
    reason = str(told.pop("reason"))
    for name, (_, status, _) in told.items():
        assert status == (reason if name == "cublasGetStatusString" else NOT_INITIALIZED)
    return reason


def test_without(forwarder: Path, tmp_path: Path) -> None:
    """Without the real one every call fails with cuBLAS's own status, and the reason names the file."""
    assert str(tmp_path / "libcublasLt.so.13") in _refused(_ask(forwarder, str(tmp_path)))


def test_default(forwarder: Path) -> None:
    """Where nothing is said, or the empty text, it is looked for in /opt/slipway/cublas."""
    assert "/opt/slipway/cublas/libcublasLt.so.13" in _refused(_ask(forwarder, None))
    assert "/opt/slipway/cublas/libcublasLt.so.13" in _refused(_ask(forwarder, ""))


def test_only_half(forwarder: Path, tmp_path: Path) -> None:
    """cublasLt alone is not cuBLAS."""
    _real(tmp_path)
    (tmp_path / "libcublas.so.13").unlink()
    assert str(tmp_path / "libcublas.so.13") in _refused(_ask(forwarder, str(tmp_path)))


def test_other_version(forwarder: Path, tmp_path: Path) -> None:
    """A library that lacks a function is not used at all."""
    _real(tmp_path, _recording().replace("cublasStrsmBatched", "cublasOther"))
    assert _refused(_ask(forwarder, str(tmp_path))) == f"{tmp_path}/libcublas.so.13 has no cublasStrsmBatched"


def test_itself(forwarder: Path, tmp_path: Path) -> None:
    """A folder with the forwarding library itself is refused: it would call itself without an end."""
    _real(tmp_path)
    (tmp_path / "libcublas.so.13").unlink()
    (tmp_path / "libcublas.so.13").write_bytes(forwarder.read_bytes())
    assert "that is this forwarding library" in _refused(_ask(forwarder, str(tmp_path)))


def test_relative(forwarder: Path) -> None:
    """A relative folder depends on where the process stands: it is refused."""
    assert _refused(_ask(forwarder, "cublas")) == "SLIPWAY_CUBLAS is 'cublas': an absolute path is allowed"


def test_too_long(forwarder: Path) -> None:
    """A folder longer than a path can be is a reason, not an overflow."""
    assert "longer than a path can be" in _refused(_ask(forwarder, "/" + "x" * 5000))
