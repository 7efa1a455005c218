"""Programs run to their end; a failure is one readable error."""

import sys
from pathlib import Path

import pytest

from tools.command import run
from tools.errors import CommandFailed, PrerequisiteMissing


def test_each_line_is_shown_as_it_comes_and_all_of_it_is_returned() -> None:
    """Progress displays follow the lines."""
    seen: list[str] = []
    assert run([sys.executable, "-c", "print('a'); print('b')"], on_line=seen.append) == "a\nb\n"
    assert seen == ["a", "b"]


def test_a_failure_names_the_program_its_status_and_its_last_words(tmp_path: Path) -> None:
    """And where the whole log is."""
    log = tmp_path / "log"
    with pytest.raises(CommandFailed, match=rf"status 3 \(all of it: {log}\)\n  \| boom"):
        run([sys.executable, "-c", "print('boom'); raise SystemExit(3)"], log=log)
    assert log.read_text() == "boom\n"


def test_a_program_that_is_not_there_is_a_missing_prerequisite() -> None:
    """Not a traceback."""
    with pytest.raises(PrerequisiteMissing, match="'no-such-program' is missing"):
        run(["no-such-program"])
