"""The edge: one line for every error."""

from pathlib import Path

import pytest
import typer

from tools.edge import one_line_errors
from tools.errors import ToolError


def test_an_error_of_the_system_is_one_line_with_its_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing right or a full disk is no traceback."""
    with pytest.raises(typer.Exit), one_line_errors():
        (tmp_path / "none" / "file").write_text("")
    assert capsys.readouterr().err == f"error: No such file or directory: {tmp_path}/none/file\n"
    with pytest.raises(typer.Exit), one_line_errors():
        raise OSError("no path here")
    assert capsys.readouterr().err == "error: no path here\n"


def test_an_error_that_the_user_can_act_on_is_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 1; 130 for an interruption."""
    with pytest.raises(typer.Exit) as ended, one_line_errors():
        raise ToolError("do this")
    assert (ended.value.exit_code, capsys.readouterr().err) == (1, "error: do this\n")
    with pytest.raises(typer.Exit) as ended, one_line_errors():
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130
