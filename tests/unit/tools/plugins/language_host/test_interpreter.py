"""Which Python runs a program."""

from pathlib import Path

import pytest

from tools.plugins.language_host.errors import InterpreterError
from tools.plugins.language_host.interpreter import activate, find, on_path
from tools.plugins.language_host.options import Options


def program(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return path


def test_the_virtualenv_option_is_relative_to_the_root_directory(tmp_path: Path) -> None:
    """And its environment is activated."""
    python = program(tmp_path / ".venv/bin/python")
    found = find(Options(virtualenv=".venv"), tmp_path, {"PATH": "/usr/bin", "PYTHONHOME": "/x"}).check()
    assert found.python == python
    assert found.env == {"PATH": f"{tmp_path}/.venv/bin:/usr/bin", "VIRTUAL_ENV": f"{tmp_path}/.venv"}


def test_an_absolute_virtualenv_stays_as_it_is(tmp_path: Path) -> None:
    """Several projects may share one."""
    assert find(Options(virtualenv="/opt/env"), tmp_path, {}).virtualenv == Path("/opt/env")


def test_without_the_option_it_is_the_python_on_path(tmp_path: Path) -> None:
    """The environment stays as it is, so a caller's activated one counts."""
    python = program(tmp_path / "bin/python3")
    environ = {"PATH": str(tmp_path / "bin"), "PYTHONPATH": "/mine"}
    found = find(Options(), tmp_path, environ).check()
    assert (found.python, found.env, found.virtualenv) == (python, environ, None)


def test_the_environment_can_name_the_python(tmp_path: Path) -> None:
    """PULUMI_PYTHON_CMD wins over python3."""
    python = program(tmp_path / "python3.99")
    program(tmp_path / "python3")
    assert on_path({"PATH": str(tmp_path), "PULUMI_PYTHON_CMD": "python3.99"}) == python


def test_no_python_at_all_is_an_error_that_names_what_was_sought(tmp_path: Path) -> None:
    """With and without the variable."""
    with pytest.raises(InterpreterError, match="neither python3 nor python"):
        on_path({"PATH": str(tmp_path)})
    with pytest.raises(InterpreterError, match="PULUMI_PYTHON_CMD='snake'"):
        on_path({"PATH": str(tmp_path), "PULUMI_PYTHON_CMD": "snake"})


def test_a_virtual_environment_that_is_not_there_or_is_none_says_how_to_make_it(tmp_path: Path) -> None:
    """The two cases differ in words."""
    with pytest.raises(InterpreterError, match=r"\.venv does not exist; create it with `pulumi install`"):
        find(Options(virtualenv=".venv"), tmp_path, {}).check()
    (tmp_path / ".venv").mkdir()
    with pytest.raises(InterpreterError, match=r"\.venv is not a virtual environment"):
        find(Options(virtualenv=".venv"), tmp_path, {}).check()


def test_plugins_never_run_on_the_python_of_path(tmp_path: Path) -> None:
    """A plugin that names no environment has one called venv."""
    assert find(Options(), tmp_path, {}, is_plugin=True).virtualenv == tmp_path / "venv"


def test_activation_needs_no_path_to_begin_with() -> None:
    """An empty environment is fine."""
    assert activate(Path("/env"), {})["PATH"] == "/env/bin"
