"""The virtual environment is made once, and stdout stays clean: `make env` is evaluated by a shell."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import bootstrap


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The programs that were asked for; pip prints on the stdout that it was given."""
    made: list[list[str]] = []

    def venv(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        made.append(argv)
        (tmp_path / ".venv" / "bin").mkdir(parents=True)
        (tmp_path / ".venv" / "bin" / "python").touch()
        return subprocess.CompletedProcess(argv, 0, "", "")

    def pip(argv: list[str], **kwargs: object) -> int:
        made.append(argv)
        print("Installing", file=kwargs.get("stdout", sys.stdout))  # type: ignore[call-overload]
        return 0

    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr("subprocess.run", venv)
    monkeypatch.setattr("subprocess.call", pip)
    (tmp_path / "requirements.txt").write_text("x==1\n")
    return made


def test_all_that_is_said_goes_to_stderr_and_a_repeat_says_and_does_nothing(
    calls: list[list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """On a fresh clone `eval "$(make -s env)"` comes first."""
    bootstrap.main("requirements.txt")
    said = capsys.readouterr()
    assert said.out == ""
    assert "virtual environment: requirements.txt" in said.err
    assert len(calls) == 2
    stamp = tmp_path / ".venv" / ".requirements.txt"
    assert stamp.read_text() == hashlib.sha256(b"x==1\n").hexdigest()
    bootstrap.main("requirements.txt")
    assert len(calls) == 2
    assert capsys.readouterr() == ("", "")


def test_an_old_python_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the packages to install."""
    monkeypatch.setattr("sys.version_info", (3, 9))
    main: Callable[[str], None] = bootstrap.main
    with pytest.raises(SystemExit, match=r"Python 3.11 or newer is needed"):
        main("requirements.txt")


def test_the_environment_has_the_command_slipway_also_when_it_was_made_before(
    calls: list[list[str]], tmp_path: Path
) -> None:
    """It runs this checkout, wherever the shell is."""
    bootstrap.main("requirements.txt")
    command = tmp_path / ".venv" / "bin" / "slipway"
    text = command.read_text()
    assert str(tmp_path) in text
    assert command.stat().st_mode & 0o111
    command.unlink()
    bootstrap.main("requirements.txt")
    assert command.read_text() == text
