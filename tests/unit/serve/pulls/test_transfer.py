"""Tests of serve.pulls.transfer."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.errors import HubError, ModelNotFoundError, RateLimitError
from serve.pulls.part import Part
from serve.pulls.retry import TemporaryError
from serve.pulls.transfer import ASK_TRIES, READ_TRIES
from tests.unit.serve.pulls.fake_hub import COMMIT, FakeHub, broken, sha256_of, transfer_of

CONTENT = bytes(range(200))
SHA256 = sha256_of(CONTENT)


def fill(folder: Path, hub: FakeHub) -> tuple[bytes, list[int]]:
    """What is in the part afterwards, and what was told on the way."""
    told: list[int] = []
    part = Part(folder / "m", SHA256, len(CONTENT))
    try:
        transfer_of(hub).fill(part, hub.look("o/m", "main", "m"), told.append, lambda _: None)
    finally:
        part.close()
    return (folder / ".m.part").read_bytes(), told


def test_all_bytes_come_and_are_counted(tmp_path: Path) -> None:
    """From the first to the last, in one request."""
    hub = FakeHub({"m": CONTENT})
    content, told = fill(tmp_path, hub)
    assert content == CONTENT
    assert (told[0], told[-1], told == sorted(told)) == (0, len(CONTENT), True)
    assert hub.firsts == [0]


@given(
    cuts=st.lists(st.integers(0, 60), max_size=12),
    left=st.integers(0, len(CONTENT)),
    knows_ranges=st.booleans(),
)
def test_whatever_breaks_the_file_is_the_file(cuts: list[int], left: int, knows_ranges: bool) -> None:
    """Cut anywhere any number of times, begun by another process or not: the bytes are right, or it is told."""
    hub = FakeHub({"m": CONTENT}, cuts=cuts, knows_ranges=knows_ranges)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part = Part(folder / "m", SHA256, len(CONTENT))
        part.write(CONTENT[:left])
        part.close()
        try:
            content, _ = fill(folder, hub)
        except HubError:
            assert not knows_ranges or cuts.count(0) >= READ_TRIES
        else:
            assert content == CONTENT


def test_only_what_is_missing_is_asked_for(tmp_path: Path) -> None:
    """Each time from where it broke."""
    hub = FakeHub({"m": CONTENT}, cuts=[50, 30])
    assert fill(tmp_path, hub)[0] == CONTENT
    assert hub.firsts == [0, 50, 80]


def test_a_hub_that_never_sends_more_is_told_of(tmp_path: Path) -> None:
    """After a few tries; what came stays for the next time."""
    hub = FakeHub({"m": CONTENT}, cuts=[10] + [0] * 20)
    with pytest.raises(HubError, match="the connection broke"):
        fill(tmp_path, hub)
    assert len(hub.firsts) == 1 + READ_TRIES
    assert (tmp_path / ".m.part").read_bytes() == CONTENT[:10]


def test_an_answer_that_ends_well_and_early_counts_as_one_that_breaks(tmp_path: Path) -> None:
    """A hub with an empty answer is not asked for ever."""
    hub = FakeHub({"m": CONTENT}, sent={"m": CONTENT[:10]})
    with pytest.raises(HubError, match="the hub sends no more of o/m@"):
        fill(tmp_path, hub)


def test_a_hub_without_ranges_is_not_read_for_ever(tmp_path: Path) -> None:
    """Beginning anew is no progress, unless it comes further than before."""
    hub = FakeHub({"m": CONTENT}, cuts=[50] * 100, knows_ranges=False)
    with pytest.raises(HubError):
        fill(tmp_path, hub)
    assert len(hub.firsts) == 1 + READ_TRIES
    assert fill(tmp_path, FakeHub({"m": CONTENT}, knows_ranges=False))[0] == CONTENT


def test_more_bytes_than_there_are_never_fill_the_disk(tmp_path: Path) -> None:
    """Not one of them is written."""
    hub = FakeHub({"m": CONTENT}, sent={"m": CONTENT + bytes(100_000)})
    with pytest.raises(HubError, match="the hub sends more than the 200 bytes"):
        fill(tmp_path, hub)
    assert (tmp_path / ".m.part").stat().st_size == 0


def test_wrong_bytes_leave_nothing(tmp_path: Path) -> None:
    """Nobody builds on them."""
    hub = FakeHub({"m": CONTENT}, sent={"m": CONTENT[::-1]})
    with pytest.raises(HubError, match=f"has the SHA-256 {sha256_of(CONTENT[::-1])}: {SHA256} is wanted"):
        fill(tmp_path, hub)
    assert list(tmp_path.iterdir()) == []
    assert hub.firsts == [0]


def test_wrong_bytes_of_another_time_are_read_again(tmp_path: Path) -> None:
    """A machine that lost its power leaves zeros at times: the hub is not to blame."""
    part = Part(tmp_path / "m", SHA256, len(CONTENT))
    part.write(bytes(100))
    part.close()
    hub = FakeHub({"m": CONTENT})
    assert fill(tmp_path, hub)[0] == CONTENT
    assert hub.firsts == [100, 0]


def test_a_range_that_is_refused_begins_anew(tmp_path: Path) -> None:
    """The hub says that there is nothing there."""
    refused = TemporaryError(HubError("416"), begins_anew=True)
    hub = FakeHub({"m": CONTENT}, cuts=[50])
    hub.read_troubles = []
    part = Part(tmp_path / "m", SHA256, len(CONTENT))
    part.write(CONTENT[:20])
    part.close()
    hub.read_troubles = [refused]
    assert fill(tmp_path, hub)[0] == CONTENT
    assert hub.firsts == [20, 0, 50]


def test_a_question_is_asked_again_where_that_may_help() -> None:
    """A few times; what is sure is told at once."""
    hub = FakeHub({"m": CONTENT}, troubles=[broken(), broken()])
    assert transfer_of(hub).ask(lambda h: h.look("o/m", "main", "m")).revision == COMMIT
    hub = FakeHub({"m": CONTENT}, troubles=[TemporaryError(RateLimitError("slow", retry_after_s=3))] * 9)
    with pytest.raises(RateLimitError, match="slow"):
        transfer_of(hub).ask(lambda h: h.look("o/m", "main", "m"))
    assert len(hub.asked) == ASK_TRIES
    hub = FakeHub({})
    with pytest.raises(ModelNotFoundError):
        transfer_of(hub).ask(lambda h: h.look("o/m", "main", "m"))
    assert len(hub.asked) == 1
