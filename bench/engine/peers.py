"""The peers, compiled once into the cache: llama.cpp's server and benchmarks, and llama-cpp-python with its servers.

All come from the very source distribution that the image compiles, with the flags of its build for one CPU baseline:
what differs in a measurement is not the arithmetic. Nothing but pip needs a network.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import venv
from dataclasses import dataclass
from pathlib import Path

from tools import cache
from tools.command import run
from tools.errors import PrerequisiteMissing
from tools.progress import Progress, Step
from tools.settings import ROOT

IMAGE_DIR = ROOT / "image"
TOOLS = {"cmake": "cmake", "ninja": "ninja-build", "g++": "g++"}
"""Program -> Debian package. PyPI has cmake and ninja as well."""
TARGETS = ("llama-server", "llama-batched-bench")
BASELINE = ("-DGGML_SSE42=ON", "-DGGML_AVX=ON", "-DGGML_AVX2=ON", "-DGGML_BMI2=ON", "-DGGML_FMA=ON", "-DGGML_F16C=ON")
SHARED = (
    "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON", "-DGGML_NATIVE=OFF", "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN", "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
)  # fmt: skip
"""As in the Dockerfile, word by word: a test compares them."""
PROGRAMS = (
    "-DLLAMA_BUILD_COMMON=ON", "-DLLAMA_BUILD_TOOLS=ON", "-DLLAMA_BUILD_SERVER=ON", "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_OPENSSL=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_BUILD_UI=OFF",
)  # fmt: skip
INPUTS = (
    IMAGE_DIR / "llama-requirements.txt",
    IMAGE_DIR / "build-requirements.txt",
    Path(__file__).with_name("python-peers.txt"),
)
NICENESS = 5
"""The compile takes ten minutes of two cores: whoever works beside it goes first."""
_COUNT = re.compile(r"^\[(\d+)/(\d+)\]")


@dataclass(frozen=True, slots=True)
class Peers:
    """Where they are."""

    folder: Path

    @property
    def llama_server(self) -> Path:
        """llama.cpp's HTTP server."""
        return self.folder / "bin" / "llama-server"

    @property
    def batched_bench(self) -> Path:
        """llama.cpp's measure of what the backend can do."""
        return self.folder / "bin" / "llama-batched-bench"

    @property
    def python(self) -> Path:
        """An interpreter that has what llama-cpp-python's servers import."""
        return self.folder / "venv" / "bin" / "python"

    @property
    def python_path(self) -> Path:
        """A folder with the compiled package llama_cpp."""
        return self.folder / "python"

    @property
    def example_server(self) -> Path:
        """llama-cpp-python's example of a batching server, one file."""
        return self.folder / "server.py"


def ensure(cache_dir: Path, progress: Progress) -> Peers:
    """Compile what is missing. Interrupted, it goes on where it was; what is not whole is never used."""
    target = cache_dir / "peers" / key()
    if target.is_dir():
        return Peers(target)
    missing = [program for program in TOOLS if not shutil.which(program)]
    if missing:
        packages = " ".join(TOOLS[program] for program in missing)
        raise PrerequisiteMissing(
            f"{', '.join(missing)} to compile the peers", f"apt-get install {packages}, or for some: pip install"
        )
    with cache.hold(cache_dir / "peers"), progress.step("compiled llama-server of the same source") as step:
        if not target.is_dir():
            partial = target.with_suffix(".partial")
            _build(partial, step)
            partial.rename(target)
        return Peers(target)


def key() -> str:
    """Changes with everything that decides the content."""
    digest = hashlib.sha256(repr((TARGETS, BASELINE, SHARED, PROGRAMS)).encode())
    for path in INPUTS:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _build(folder: Path, step: Step) -> None:
    work = folder / "work"
    source = _source(work, step)
    out = work / "out"
    if not (out / "build.ninja").exists():
        step.update("cmake")
        flags = [*BASELINE, *SHARED, *PROGRAMS]
        run(["cmake", "-G", "Ninja", "-S", str(source / "vendor/llama.cpp"), "-B", str(out), *flags])
    argv = ["nice", "-n", str(NICENESS), "ninja", "-C", str(out), *TARGETS]
    run(argv, on_line=lambda line: step.update(how_far(line)))
    _assemble(folder, source, out / "bin")
    _make_venv(folder, step)
    shutil.rmtree(work)


def how_far(line: str) -> str:
    """Of one line of ninja's."""
    found = _COUNT.match(line)
    return f"{found[1]} of {found[2]} files" if found else line[:80]


def _source(work: Path, step: Step) -> Path:
    """The unpacked source distribution, fetched as the Dockerfile does: pinned, and by its hash."""
    source = work / "source"
    if source.is_dir():
        return source
    step.update("llama-cpp-python's source distribution")
    shutil.rmtree(work, ignore_errors=True)
    venv.create(work / "tools", with_pip=True)
    pip = [str(work / "tools/bin/pip"), "--disable-pip-version-check", "-q"]
    run([*pip, "install", "--require-hashes", "-r", str(IMAGE_DIR / "build-requirements.txt")])
    download = ["download", "--require-hashes", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    run([*pip, *download, "-d", str(work), "-r", str(IMAGE_DIR / "llama-requirements.txt")])
    (archive,) = work.glob("llama_cpp_python-*.tar.gz")
    unpacked = work / "unpacked"
    unpacked.mkdir()
    run(["tar", "-xzf", str(archive), "--strip-components=1", "-C", str(unpacked)])
    return unpacked.rename(source)


def _assemble(folder: Path, source: Path, built: Path) -> None:
    """Only what runs: programs beside their libraries, and the Python package with the same libraries."""
    for part in ("bin", "python"):
        shutil.rmtree(folder / part, ignore_errors=True)
    shutil.copytree(built, folder / "bin")
    package = folder / "python" / "llama_cpp"
    shutil.copytree(source / "llama_cpp", package)
    (package / "lib").mkdir(exist_ok=True)
    for library in built.glob("*.so"):
        os.link(folder / "bin" / library.name, package / "lib" / library.name)
    shutil.copy(source / "examples/server/server.py", folder / "server.py")


def _make_venv(folder: Path, step: Step) -> None:
    """For llama-cpp-python's own servers. It is made in its last place only in name: nothing in it is run by path."""
    step.update("environment of llama-cpp-python's servers")
    venv.create(folder / "venv", with_pip=True, clear=True)
    pip = [str(folder / "venv/bin/python"), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    run([*pip, "--require-hashes", "-r", str(INPUTS[-1])])
