"""Tests of serve.gpu.fatbin."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve.gpu.fatbin import Code, compiled_for
from tests.helpers import elf
from tests.helpers.fatbin import MACHINE_CODE, PTX, container


def test_all_architectures_of_all_containers_are_found(tmp_path: Path) -> None:
    """One container a source file, with zeros between them; other sections hold none."""
    first, second = container([(MACHINE_CODE, 75), (MACHINE_CODE, 80)]), container([(MACHINE_CODE, 90), (PTX, 90)])
    padding = b"\0" * (8 - len(first) % 8 + 8)
    sections = {".text": container([(MACHINE_CODE, 50)]), ".nv_fatbin": first + padding + second}
    (tmp_path / "lib.so").write_bytes(elf.library(sections))
    assert compiled_for(tmp_path / "lib.so") == {Code(75), Code(80), Code(90), Code(90, is_ptx=True)}


def test_a_library_without_code_for_gpus_has_none(tmp_path: Path) -> None:
    """Then nobody says which GPU it runs on, and nobody refuses one."""
    (tmp_path / "lib.so").write_bytes(elf.library({".text": b"code", ".nv_fatbin": b"\x01" * 500}))
    assert compiled_for(tmp_path / "lib.so") == frozenset()


@pytest.mark.parametrize(
    ("code", "compute", "runs"),
    [
        (Code(80), (8, 0), True),
        (Code(80), (8, 9), True),
        (Code(80), (7, 5), False),
        (Code(80), (9, 0), False),
        (Code(86), (8, 0), False),
        (Code(90, is_ptx=True), (12, 0), True),
        (Code(90, is_ptx=True), (8, 9), False),
        (Code(120), (12, 1), True),
    ],
)
def test_code_runs_on_its_generation_and_ptx_on_all_later_ones(
    code: Code, compute: tuple[int, int], runs: bool
) -> None:
    """NVIDIA's promise of compatibility."""
    assert code.runs_on(compute) is runs
