"""What failed is said in few lines at the end of all, by the names that run it again."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import verdict
from tools.verdict import Failure

TESTS = """
import pytest

class TestShelf:
    @pytest.mark.parametrize("name", ["a[b]", "c::d"])
    def test_name(self, name):
        assert name == "e", "why"

@pytest.fixture
def server():
    raise ValueError("no server")

def test_of_a_server(server): ...

def test_that_passes(): ...

def test_with_much_to_say():
    raise ValueError("x" * 1000)
"""


@pytest.fixture(scope="module")
def told_by_pytest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a real run: each failed test's id and message."""
    folder = tmp_path_factory.mktemp("suite")
    (folder / "test_of_shelf.py").write_text(TESTS)
    (folder / "test_of_nothing.py").write_text("import nothing_like_it")
    (folder / "pytest.ini").write_text("[pytest]\n")
    report = folder / "report.xml"
    argv = [sys.executable, "-m", "pytest", *verdict.options(report), "--continue-on-collection-errors"]
    assert subprocess.run(argv, cwd=folder, capture_output=True, check=False).returncode == 1
    return {failure.test_id: failure.message for failure in verdict.failures(report)}


def test_a_failed_test_is_told_by_the_name_that_runs_it_again(told_by_pytest: dict[str, str]) -> None:
    """With its class and its parameters, whatever these are."""
    assert set(told_by_pytest) == {
        "test_of_nothing.py",
        "test_of_shelf.py::TestShelf::test_name[a[b]]",
        "test_of_shelf.py::TestShelf::test_name[c::d]",
        "test_of_shelf.py::test_of_a_server",
        "test_of_shelf.py::test_with_much_to_say",
    }


def test_each_says_what_it_failed_by(told_by_pytest: dict[str, str]) -> None:
    """An assertion, a fixture, a file that can't be imported."""
    assert told_by_pytest["test_of_shelf.py::TestShelf::test_name[c::d]"].startswith("AssertionError: why")
    assert "no server" in told_by_pytest["test_of_shelf.py::test_of_a_server"]
    assert "nothing_like_it" in told_by_pytest["test_of_nothing.py"]


def test_a_long_message_is_cut(told_by_pytest: dict[str, str]) -> None:
    """All of it stands where the test failed."""
    message = told_by_pytest["test_of_shelf.py::test_with_much_to_say"]
    assert message.startswith("ValueError: xxx")
    assert len(message) == verdict.NUM_MESSAGE_CHARS + len(" ...")


def test_a_run_without_a_report_has_no_failures_to_tell(tmp_path: Path) -> None:
    """It was killed, or never began: its own output says so."""
    assert verdict.failures(tmp_path / "none.xml") == []
    (tmp_path / "cut.xml").write_text('<testsuites><testsuite name="pyt')
    assert verdict.failures(tmp_path / "cut.xml") == []


def test_nothing_is_said_where_nothing_failed() -> None:
    """Silence is good news."""
    assert verdict.told([]) == ""


def test_more_than_fits_is_counted() -> None:
    """A suite that fails as a whole needs no list of all its tests."""
    failed = [Failure(f"test_{i}", "first\nsecond") for i in range(verdict.NUM_TOLD + 2)]
    lines = verdict.told(failed).splitlines()
    assert lines[0] == f"{verdict.NUM_TOLD + 2} failed:"
    assert lines[1:4] == ["  test_0", "    first", "    second"]
    assert lines[-1] == "  and 2 more"
