"""Tests of bench.gpu.symbols, on a library that a compiler has made."""

from __future__ import annotations

from pathlib import Path

from bench.gpu.symbols import read
from tests.helpers.c_library import compile_library


def test_what_a_library_wants_and_has_is_read(tmp_path: Path) -> None:
    """Names of functions, and of the libraries that they come from."""
    other = compile_library(tmp_path / "libother.so", "int cublasDo(void) { return 1; }", "-Wl,-soname,libother.so.1")
    source = (
        "int cublasDo(void); int cudaNot(void); static int own; int has(void) { return cublasDo() + cudaNot() + own; }"
    )
    found = read(compile_library(tmp_path / "libit.so", source, str(other)))
    assert {"cublasDo", "cudaNot"} <= found.wanted
    assert found.starting("cublas") == {"cublasDo"}
    assert "has" in found.exported
    assert "own" not in found.exported
    assert "libother.so.1" in found.needed
