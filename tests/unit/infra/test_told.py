"""Tests of infra.told."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from infra.errors import CatalogError
from infra.told import BAD_INPUT, told_errors


def raised(error: Exception) -> typer.Exit:
    """What leaves the block."""
    with pytest.raises(typer.Exit) as caught, told_errors():
        raise error
    return caught.value


def test_every_problem_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, on stderr."""
    assert raised(CatalogError(["one", "two"])).exit_code == BAD_INPUT
    assert capsys.readouterr() == ("", "error: one\nerror: two\n")


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """With what the system says of it; also what has no name is told."""
    with pytest.raises(typer.Exit), told_errors():
        (tmp_path / "none").read_text()
    assert capsys.readouterr().err == f"error: {tmp_path}/none: No such file or directory\n"
    assert raised(OSError("the hub is away")).exit_code == BAD_INPUT
    assert "the hub is away" in capsys.readouterr().err


def test_bytes_that_are_no_text_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Not shown as a bug."""
    with pytest.raises(typer.Exit), told_errors():
        b"\xff".decode()
    assert "can't decode byte 0xff" in capsys.readouterr().err


def test_a_bug_keeps_its_trace() -> None:
    """Nobody hides it."""
    with pytest.raises(ZeroDivisionError), told_errors():
        _ = 1 // 0
