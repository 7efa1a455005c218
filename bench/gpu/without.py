"""What can be proven of the CUDA library on a machine that has no GPU: its tables, and that all goes on without one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gguf import GGMLQuantizationType

from bench.engine.servers import ServerDied
from bench.gpu import symbols
from bench.gpu.lab import IMAGE, LIBRARY, Lab, complete, last_lines
from bench.gpu.report import Check
from serve.elf import check_whole
from serve.errors import SetupError
from serve.gpu.fatbin import compiled_for

DRIVER = IMAGE / "cuda" / "driver.c"
FORWARDER = "libcublas.so.13"
RUNTIME = "libcudart.so.13"
OWN = {"slipway_cublas_path", "slipway_cublas_reason"}
SYSTEM = re.compile(r"lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s|gomp)\.so\.\d+|ld-linux-.*")
NO_DEVICE = 100


def checks(lab: Lab, scratch: Path) -> Iterator[Check]:
    """One after the other."""
    yield from tables(lab)
    stub = _stub_driver(scratch / "driver")
    yield _loads(lab, "loader, no driver", None, wanted="libcuda.so.1")
    yield _loads(lab, "loader, a driver without a GPU", stub, wanted="no CUDA-capable device|0 devices")
    model = lab.model("tiny", GGMLQuantizationType.Q8_0)
    yield _falls_back(lab, model, "fallback, no driver", {}, "there is no NVIDIA driver here")
    yield _falls_back(lab, model, "fallback, a driver without a GPU", {"LD_LIBRARY_PATH": str(stub)}, "sees no GPU")
    yield _refuses(lab, model)
    yield _stays_off(lab, model)
    if lab.cublas is not None:
        yield _forwards(lab, lab.cublas)


def tables(lab: Lab) -> Iterator[Check]:
    """What the files say of themselves; nothing is loaded."""
    folder = lab.libraries
    try:
        for name in (LIBRARY, FORWARDER, RUNTIME):
            check_whole(folder / name)
    except SetupError as error:
        yield Check("whole", holds=False, seen=str(error))
        return
    cuda, forwarder, runtime = (symbols.read(folder / name) for name in (LIBRARY, FORWARDER, RUNTIME))
    blas = cuda.starting("cublas")
    known = forwarder.exported - OWN
    yield Check(
        "cuBLAS functions", blas == known, f"wants {len(blas)}, the forwarder has {len(known)}: {_apart(blas, known)}"
    )
    driver = {name for name in cuda.wanted if re.match(r"cu[A-Z]", name)}
    stub = set(re.findall(r"^NAME\((\w+)\)", DRIVER.read_text(), re.MULTILINE))
    yield Check("driver functions", driver == stub, f"wants {len(driver)}, all expected: {_apart(driver, stub)}")
    lacking = cuda.starting("cuda", "__cuda") - runtime.exported
    yield Check("runtime functions", not lacking, f"{RUNTIME} lacks {', '.join(sorted(lacking)) or 'none'}")
    strangers = {name for name in cuda.needed if not (folder / name).exists() and not SYSTEM.fullmatch(name)}
    yield Check("libraries", strangers == {"libcuda.so.1"}, f"from outside: {', '.join(sorted(strangers))}")
    codes = sorted(compiled_for(folder / LIBRARY))
    size = (folder / LIBRARY).stat().st_size
    yield Check("code", bool(codes), f"for {', '.join(map(str, codes))}, {size / 1e6:.0f} MB", {"bytes": size})


def _apart(found: set[str] | frozenset[str], known: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(found ^ known)) or "the same"


def _stub_driver(folder: Path) -> Path:
    """The stand-in of the image's build, and what asks it: every call says that there is no GPU."""
    folder.mkdir(parents=True)
    more = f"int cuInit(unsigned flags) {{ return flags ? 1 : {NO_DEVICE}; }}"
    more += " int cuDriverGetVersion(int *version) { *version = 13000; return 0; }"
    (folder / "stub.c").write_text(DRIVER.read_text() + more)
    target = str(folder / "libcuda.so.1")
    argv = [
        os.environ.get("CC", "cc"),
        "-shared",
        "-fPIC",
        "-Wl,-soname,libcuda.so.1",
        "-o",
        target,
        str(folder / "stub.c"),
    ]
    subprocess.run(argv, check=True)
    return folder


LOAD = """
import ctypes, sys
folder = sys.argv[1]
ggml, base = ctypes.CDLL(folder + "/libggml.so"), ctypes.CDLL(folder + "/libggml-base.so")
ggml.ggml_backend_load.restype = ctypes.c_void_p
base.ggml_backend_reg_dev_count.argtypes, base.ggml_backend_reg_dev_count.restype = [ctypes.c_void_p], ctypes.c_size_t
found = ggml.ggml_backend_load((folder + "/libggml-cuda.so").encode())
print("not loaded" if not found else "%d devices" % base.ggml_backend_reg_dev_count(found))
"""


def _loads(lab: Lab, name: str, driver: Path | None, *, wanted: str) -> Check:
    """What ggml's own loader makes of it, in a process that may die of it."""
    environ = {"PATH": os.environ["PATH"], **({} if driver is None else {"LD_LIBRARY_PATH": str(driver)})}
    argv = [sys.executable, "-c", LOAD, str(lab.libraries)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=120, check=False)
    said = " ".join((done.stdout + done.stderr).split())
    return Check(name, done.returncode == 0 and re.search(wanted, said) is not None, said[:400])


def _falls_back(lab: Lab, model: Path, name: str, environ: dict[str, str], wanted: str) -> Check:
    """The server says one line, and the CPU answers."""
    with lab.serving(model, environ, gpu="auto") as server:
        status, text = complete(server)
        told = [json.loads(line)["message"] for line in server.log_tail().splitlines() if "no GPU is used" in line]
    holds = status == 200 and len(told) == 1 and wanted in told[0]
    return Check(name, holds, told[0] if status == 200 and told else f"{status}: {text[:200]}")


def _refuses(lab: Lab, model: Path) -> Check:
    """One line and a non-zero end."""
    try:
        with lab.serving(model, gpu="required"):
            return Check("required, no GPU", holds=False, seen="the server runs")
    except ServerDied as died:
        said = last_lines(str(died))
        return Check("required, no GPU", "ended with 2" in str(died) and "SLIPWAY_GPU is required" in said, said)


def _stays_off(lab: Lab, model: Path) -> Check:
    """Nothing of CUDA is even loaded."""
    with lab.serving(model, gpu="off") as server:
        status, _ = complete(server)
        maps = [Path(f"/proc/{each.pid}/maps").read_text() for each in server.processes()]
    loaded = sorted({name for name in ("libggml-cuda", "libcudart", "libcuda.so") for text in maps if name in text})
    return Check("off", status == 200 and not loaded, f"answers {status}, of CUDA it has loaded {loaded or 'nothing'}")


FORWARD = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.slipway_cublas_path.restype = library.cublasGetStatusString.restype = ctypes.c_char_p
handle = ctypes.c_void_p()
path, status = library.slipway_cublas_path(), library.cublasCreate_v2(ctypes.byref(handle))
print(path, status, library.cublasGetStatusString(status))
"""


def _forwards(lab: Lab, cublas: Path) -> Check:
    """The real cuBLAS is found, called, and says that there is no GPU."""
    environ = {"PATH": os.environ["PATH"], "SLIPWAY_CUBLAS": str(cublas)}
    argv = [sys.executable, "-c", FORWARD, str(lab.libraries / FORWARDER)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=120, check=False)
    said = " ".join((done.stdout or done.stderr).split())
    return Check("cuBLAS, no GPU", done.returncode == 0 and str(cublas) in said and " 0 " not in said, said[:300])
