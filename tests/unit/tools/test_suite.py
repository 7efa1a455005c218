"""What can fail at once fails first, and how long it takes is said before it begins."""

import re
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools import suite
from tools.errors import PrerequisiteMissing
from tools.progress import Progress
from tools.settings import ROOT
from tools.toolchain import programs as toolchain


class Begun(Exception):
    """The first compile."""


@pytest.fixture
def compile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def ensure(*_: object, **__: object) -> None:
        raise Begun

    monkeypatch.setattr(toolchain, "ensure", ensure)
    monkeypatch.setattr(suite, "interrupt_on_sigterm", lambda: None)


@pytest.mark.usefixtures("compile_is_told")
def test_without_root_nothing_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not after twenty minutes."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteMissing, match="needs root"):
        suite.run(support.settings(tmp_path), Progress(quiet=True), [])


@pytest.mark.usefixtures("compile_is_told")
def test_the_estimate_comes_before_the_first_compile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `make up` says it."""
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.disk_usage", lambda path: (2**40, 0, 2**40))
    with pytest.raises(Begun):
        suite.run(support.settings(tmp_path, state_dir=Path("/slipway-not-there")), Progress(), [])
    assert "First run: about" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("statuses", "expected"), [([0, 0], 0), ([0, 5], 0), ([5, 5], 5), ([5, 1], 1), ([0, 1, 2, 0], 2)]
)
def test_the_worst_part_is_the_result(statuses: list[int], expected: int) -> None:
    """A part in which a path on the command line selects nothing has not failed."""
    assert suite.worst(statuses) == expected


@pytest.mark.parametrize("marker", sorted(suite.WHERE))
def test_no_test_of_a_part_lies_where_the_part_does_not_look(marker: str) -> None:
    """It would never run, and nobody would notice."""
    marked = [path for path in (ROOT / "tests").rglob("*.py") if re.search(rf"\bmark\.{marker}\b", path.read_text())]
    assert marked
    folders = [ROOT / folder for folder in suite.WHERE[marker]]
    assert [path for path in marked if not any(path.is_relative_to(folder) for folder in folders)] == []


@pytest.mark.parametrize("named", ["tests/e2e/test_scaling.py", "tests/e2e/test_scaling.py::test_load"])
def test_who_names_tests_gets_those_alone(tmp_path: Path, named: str) -> None:
    """A word that is no path is another option of pytest's."""
    assert suite.Runs([named, "-x"], tmp_path).of(suite.CLUSTER)[-2:] == [named, "-x"]
    assert suite.Runs(["-k", "scaling"], tmp_path).of(suite.CLUSTER)[-3:] == ["-k", "scaling", "tests/e2e"]
