"""What no package manager knows of is told from its files, and nothing is said that is not in them."""

import hashlib

from tools.image.sbom import native

FOLDER = "venv/lib/python3.11/site-packages/llama_cpp"


def test_the_bindings_say_their_version() -> None:
    """Which names the llama.cpp that they were made for."""
    [found] = native.read(f"{FOLDER}/__init__.py", b'from .llama import *\n\n__version__ = "0.3.36"\n')
    assert (found.name, found.version, found.purl) == ("llama-cpp-python", "0.3.36", "pkg:pypi/llama-cpp-python@0.3.36")


def test_ggml_says_its_version_and_its_commit_where_it_has_one() -> None:
    """Compiled from a source distribution it has none."""
    path = f"{FOLDER}/lib/libggml-base.so"
    [released] = native.read(path, b"\x7fELF\x000.25.3\x00unknown\x00")
    assert (released.name, released.version, released.purl) == ("llama.cpp", "ggml-0.25.3", "")
    [checkout] = native.read(path, b"\x7fELF\x000.25.3\x00a1b2c3d4e\x00")
    assert checkout.purl == "pkg:github/ggml-org/llama.cpp@a1b2c3d4e"


def test_two_texts_that_look_like_a_version_are_none() -> None:
    """Better to say nothing than the wrong one."""
    [found] = native.read(f"{FOLDER}/lib/libggml-base.so", b"\x000.25.3\x00\x001.2.11\x00")
    assert found.version == ""


def test_nvidias_libraries_are_told_by_their_bytes() -> None:
    """cuBLAS names its exact version, the run-time library only its major one."""
    [cudart] = native.read("opt/libcudart.so.13", b"cudart")
    assert (cudart.version, cudart.sha256) == ("13", hashlib.sha256(b"cudart").hexdigest())
    [cublas] = native.read("opt/libcublasLt.so.13", b"..libcublasLt.so.13.10.0.8.sym..")
    assert (cublas.version, cublas.supplier) == ("13.10.0.8", "NVIDIA Corporation")


def test_our_own_libcublas_is_not_taken_for_nvidias() -> None:
    """It forwards, and has our licence."""
    [found] = native.read("opt/libcublas.so.13", b"\x00slipway_cublas_path\x00")
    assert (found.name, found.licences, found.supplier) == ("slipway-cublas", ("Apache-2.0",), "")


def test_other_files_are_not_asked_for() -> None:
    """Weights have gigabytes."""
    assert not any(native.is_wanted(path) for path in ("models/a.gguf", f"{FOLDER}/lib/libllama.so", "libcudart.so"))
