"""Tests of serve.pulls.command: words and pace. The processes are test_child.py's."""

from __future__ import annotations

from pathlib import Path

import pytest

from serve.errors import SetupError
from serve.pulls.command import TOLD_EVERY_S, Paced, pull
from serve.pulls.lines import Report
from serve.pulls.types import PullOrder, PullState
from tests.helpers.fakes import FakeClock
from tests.unit.serve.pulls.fake_hub import FakeHub, sha256_of

CONTENT = bytes(range(100))
ORDER = PullOrder("org/m", "sub/m.gguf", sha256=sha256_of(CONTENT))


def test_a_pull_says_what_it_did(tmp_path: Path) -> None:
    """Only the file is left, also when the repository keeps it in a folder; the second pull does not ask the hub."""
    hub = FakeHub({"sub/m.gguf": CONTENT})
    assert pull(ORDER, tmp_path, hub) == f"{tmp_path}/m.gguf is pulled"
    assert pull(ORDER, tmp_path, hub) == f"{tmp_path}/m.gguf is there and right: nothing to do"
    assert hub.firsts == [0]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == ["m.gguf"]


def test_an_error_is_one_line_with_its_source(tmp_path: Path) -> None:
    """For a person, or the message of a Job that ended."""
    with pytest.raises(SetupError) as caught:
        pull(ORDER, tmp_path, FakeHub({}))
    assert str(caught.value) == "org/m@main/sub/m.gguf can't be pulled: org/m has no sub/m.gguf"


@pytest.mark.parametrize("stored", ["../m.gguf", "a/m.gguf", ""])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, stored: str) -> None:
    """Nothing outside the cache is ever written."""
    with pytest.raises(SetupError, match="a plain file name is allowed"):
        pull(PullOrder("o/m", "m.gguf", stored=stored), tmp_path, FakeHub({}))


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    """A mount that is missing is the usual mistake."""
    with pytest.raises(SetupError, match="absent is not a directory"):
        pull(ORDER, tmp_path / "absent", FakeHub({}))


def test_each_state_is_told_at_once_and_progress_now_and_then() -> None:
    """However many chunks there are."""
    clock, told = FakeClock(), list[Report]()
    paced = Paced(told.append, clock)
    for done in range(100):
        paced(Report(PullState.DOWNLOADING, done))
        clock.now += TOLD_EVERY_S / 10
    paced(Report(PullState.VERIFYING, 1))
    paced(Report(PullState.VERIFYING, 2))
    paced(Report(PullState.COMPLETE, 100))
    assert [report.state for report in told[-2:]] == [PullState.VERIFYING, PullState.COMPLETE]
    assert len(told) in (12, 13)
