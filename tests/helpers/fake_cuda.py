"""What stands for ggml's CUDA library where none was compiled: it wants all that the real one wants, and has no GPU."""

from __future__ import annotations

import re
from pathlib import Path

from tests.helpers.c_library import compile_library

CUDA = Path("image/cuda")
_API_VERSION = 2  # ggml's own, of the llama.cpp that the server is made for

_BACKEND = """
#include <stddef.h>
int cuInit(unsigned flags);
int cudaGetDeviceCount(int *count);
static const char *name(void *self) { (void)self; return "CUDA"; }
static size_t count(void *self) { (void)self; int found = 0; return cudaGetDeviceCount(&found) ? 0 : (size_t)found; }
static void *none(void *self, size_t index) { (void)self; (void)index; return NULL; }
static void *nothing(void *self, const char *name) { (void)self; (void)name; return NULL; }
static struct { int version; const char *(*name)(void *); size_t (*count)(void *); void *(*get)(void *, size_t);
                void *(*address)(void *, const char *); void *context; }
    backend = { API_VERSION, name, count, none, nothing, NULL };
void *ggml_backend_init(void) { return &backend; }
__attribute__((section(".nv_fatbin"))) unsigned code[] = {
    0xBA55ED50, 0x00100001, 64, 0,
    0x01010002, 64, 0, 0, 0, 0, 0x00000008, 80, 0, 0, 0, 0, 0, 0, 0, 0 };
"""


def write(folder: Path, *, forgets: str = "", wants: str = "") -> Path:
    """The three libraries of the image's stage. The CUDA library `forgets` one function, and `wants` one more."""
    headers = f"-I{CUDA.parent.parent / 'tests/fixtures/cuda'}"
    blas = compile_library(folder / "libcublas.so.13", CUDA / "cublas.c", headers, "-Wl,-soname,libcublas.so.13")
    runtime = compile_library(
        folder / "libcudart.so.13",
        "int cudaGetDeviceCount(int *count) { *count = 0; return 35; }"
        'const char *cudaGetErrorString(int code) { return code ? "no CUDA-capable device is detected" : ""; }',
        "-Wl,-soname,libcudart.so.13",
    )
    driver = compile_library(folder / "stub" / "libcuda.so.1", CUDA / "driver.c", "-Wl,-soname,libcuda.so.1")
    functions = re.findall(r"^NAME\((\w+)\)", (CUDA / "driver.c").read_text(), re.MULTILINE)
    functions += [name for name in _blas() if name != forgets] + ([wants] if wants else [])
    calls = "".join(f"void {name}(void); " for name in functions)
    calls += f"void *all[] = {{ {', '.join(functions)} }};"
    compile_library(
        folder / "libggml-cuda.so",
        _BACKEND.replace("API_VERSION", str(_API_VERSION)) + calls,
        *(str(blas), str(runtime), str(driver), "-Wl,-rpath,$ORIGIN"),
    )
    for path in (*folder.glob("*.c"), *(folder / "stub").iterdir()):
        path.unlink()
    return folder


def _blas() -> list[str]:
    header = Path("tests/fixtures/cuda/cublas_v2.h").read_text()
    plain = re.findall(r"^(?:cublasStatus_t|const char \*)\s?(cublas\w+)\(", header, re.MULTILINE)
    renamed = dict(re.findall(r"^#define (cublas\w+) (cublas\w+_v2)$", header, re.MULTILINE))
    return [renamed.get(name, name) for name in plain]
