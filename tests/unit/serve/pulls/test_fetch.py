"""Tests of serve.pulls.fetch, with a hub that is a function and a real folder."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from serve.alone import alone
from serve.errors import ConflictError, ForbiddenError, HubError, ModelNotFoundError, NoSpaceError, RequestError
from serve.pulls.fetch import fetch
from serve.pulls.lines import Report
from serve.pulls.types import PullOrder, PullState
from tests.unit.serve.pulls.fake_hub import COMMIT, FakeHub, broken, sha256_of, transfer_of

CONTENT = bytes(range(200))
SPLIT = {f"x/s-0000{number}-of-00003.gguf": bytes([number]) * 100 * number for number in (1, 2, 3)}
HUB = {"m.gguf": CONTENT, **SPLIT}
ORDER = PullOrder("o/m", "m.gguf")
SPLIT_ORDER = PullOrder("o/m", "x/s-00002-of-00003.gguf")


def names(folder: Path) -> list[str]:
    """What is in a folder, but for locks, which stay."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def run(folder: Path, hub: FakeHub, order: PullOrder = ORDER, *, may_replace: bool = False) -> list[Report]:
    """What was told."""
    told: list[Report] = []
    fetch(order, folder, transfer_of(hub), told.append, may_replace=may_replace)
    return told


def test_a_file_comes_whole_and_alone(tmp_path: Path) -> None:
    """Its states come in order, each with the file and its size."""
    told = run(tmp_path, FakeHub(HUB))
    assert (tmp_path / "m.gguf").read_bytes() == CONTENT
    assert names(tmp_path) == ["m.gguf"]
    states = list(dict.fromkeys(report.state for report in told))
    assert states == [PullState.STARTING, PullState.DOWNLOADING, PullState.VERIFYING, PullState.COMPLETE]
    assert {(report.files, report.total_bytes) for report in told} == {(("m.gguf",), 200)}
    assert told[-1].done_bytes == 200


@pytest.mark.parametrize("order", [SPLIT_ORDER, PullOrder("o/m", "*S-*.gguf"), PullOrder("o/m", "x/*")])
def test_any_part_or_a_pattern_brings_a_split_model_whole(tmp_path: Path, order: PullOrder) -> None:
    """All of one commit, flat, counted together."""
    hub = FakeHub(HUB, cuts=[30, None, 70])
    told = run(tmp_path, hub, order)
    assert {name: (tmp_path / name).read_bytes() for name in names(tmp_path)} == {
        name.removeprefix("x/"): content for name, content in SPLIT.items()
    }
    assert told[-1].total_bytes == 600
    done = [report.done_bytes for report in told if report.state is PullState.DOWNLOADING]
    assert (done == sorted(done), done[-1]) == (True, 600)
    hashed = [report.done_bytes for report in told if report.state is PullState.VERIFYING]
    assert (hashed == sorted(hashed), hashed[-1]) == (True, 600)
    told = run(tmp_path, hub, order)  # again: all is there, and looked at
    hashed = [report.done_bytes for report in told if report.state is PullState.VERIFYING]
    assert (hashed == sorted(hashed), hashed[-1]) == (True, 600)
    assert {asked.split()[1] for asked in hub.asked if asked.startswith("read")} == {COMMIT}


def test_a_split_model_is_there_or_it_is_not(tmp_path: Path) -> None:
    """When its last part does not come, none has its name; the next try goes on from all of them."""
    hub = FakeHub(HUB, cuts=[None, None, 50] + [0] * 20)
    with pytest.raises(HubError):
        run(tmp_path, hub, SPLIT_ORDER)
    assert not list(tmp_path.glob("*.gguf"))
    hub = FakeHub(HUB)
    run(tmp_path, hub, SPLIT_ORDER)
    assert hub.firsts == [50]
    assert len(list(tmp_path.glob("*.gguf"))) == 3


def test_a_file_that_is_right_is_not_pulled_again(tmp_path: Path) -> None:
    """With a SHA-256 of ours the hub is not even asked."""
    run(tmp_path, FakeHub(HUB))
    hub = FakeHub(HUB)
    assert run(tmp_path, hub)[-1].state is PullState.COMPLETE
    assert hub.firsts == []
    hub = FakeHub({})
    assert run(tmp_path, hub, PullOrder("o/m", "m.gguf", sha256=sha256_of(CONTENT)))[-1].total_bytes == 200
    assert hub.asked == []


def test_another_file_of_that_name_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    """A model that is served does not become another one by itself."""
    (tmp_path / "m.gguf").write_bytes(b"mine")
    with pytest.raises(ConflictError, match="is another file: remove that model first"):
        run(tmp_path, FakeHub(HUB))
    assert (tmp_path / "m.gguf").read_bytes() == b"mine"
    run(tmp_path, FakeHub(HUB), may_replace=True)
    assert (tmp_path / "m.gguf").read_bytes() == CONTENT


def test_a_link_of_that_name_is_never_written_through(tmp_path: Path) -> None:
    """What it points to stays as it is, also where the link itself may be replaced."""
    outside, folder = tmp_path / "outside", tmp_path / "models"
    outside.write_bytes(b"precious")
    folder.mkdir()
    (folder / "m.gguf").symlink_to(outside)
    with pytest.raises(ConflictError):
        run(folder, FakeHub(HUB))
    run(folder, FakeHub(HUB), may_replace=True)
    assert outside.read_bytes() == b"precious"
    assert (folder / "m.gguf").read_bytes() == CONTENT


def test_without_a_sha256_nothing_is_downloaded(tmp_path: Path) -> None:
    """Nothing unchecked is ever served; one that is named is enough."""
    hub = FakeHub(HUB, has_sums=False)
    with pytest.raises(HubError, match=r"has no SHA-256 on the hub: name one \(sha256\)"):
        run(tmp_path, hub)
    assert hub.firsts == []
    run(tmp_path, hub, PullOrder("o/m", "m.gguf", sha256=sha256_of(CONTENT)))
    assert names(tmp_path) == ["m.gguf"]


def test_another_sha256_than_the_hubs_is_told_before_the_download(tmp_path: Path) -> None:
    """Not after hours."""
    hub = FakeHub(HUB)
    with pytest.raises(HubError, match=f"{'0' * 64} is wanted"):
        run(tmp_path, hub, PullOrder("o/m", "m.gguf", sha256="0" * 64))
    assert (hub.firsts, names(tmp_path)) == ([], [])


def test_a_disk_without_room_is_told_before_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the numbers; what an earlier try left needs no room again, and stays."""
    run_and_break(tmp_path, 150)
    monkeypatch.setattr("serve.weights.RESERVE_BYTES", 100)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=149))
    hub = FakeHub(HUB)
    with pytest.raises(NoSpaceError, match="has 149 bytes free: 50 are needed, and 100 to spare"):
        run(tmp_path, hub)
    assert hub.firsts == []
    assert (tmp_path / ".m.gguf.part").stat().st_size == 150
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=150))
    run(tmp_path, hub)
    assert hub.firsts == [150]


def run_and_break(folder: Path, after: int) -> None:
    """Leaves a part of so many bytes."""
    with pytest.raises(HubError):
        run(folder, FakeHub(HUB, cuts=[after] + [0] * 20))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_in_the_middle_is_told_and_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """What was written is in everybody's way."""
    real = os.pwrite

    def full(fd: int, data: bytes, at: int) -> int:
        if at >= 100:
            raise OSError(number, os.strerror(number))
        return real(fd, data, at)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NoSpaceError, match="became full in the middle: what was written is removed"):
        run(tmp_path, FakeHub(HUB))
    assert names(tmp_path) == []


def test_a_disk_that_fails_otherwise_keeps_what_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network file system that comes back, for instance: the next try goes on from it."""
    real = os.pwrite

    def fail(fd: int, data: bytes, at: int) -> int:
        if at >= 98:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(fd, data, at)

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(RequestError, match="can't be written to: Input/output error"):
        run(tmp_path, FakeHub(HUB))
    monkeypatch.undo()
    hub = FakeHub(HUB)
    run(tmp_path, hub)
    assert hub.firsts == [98]


def test_an_interrupted_fetch_leaves_nothing(tmp_path: Path) -> None:
    """Nobody wants it any more; also of the parts that were ready."""

    def interrupt() -> None:
        if hub.firsts == [0, 0]:
            raise KeyboardInterrupt

    hub = FakeHub(HUB, on_chunk=interrupt)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, hub, SPLIT_ORDER)
    assert names(tmp_path) == []


def test_a_failure_before_the_first_byte_leaves_nothing(tmp_path: Path) -> None:
    """What could be gone on from stays, and only that."""
    hub = FakeHub(HUB, read_troubles=[ModelNotFoundError("gone")])
    with pytest.raises(ModelNotFoundError, match="gone"):
        run(tmp_path, hub)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    """As in a pod whose models are mounted for reading."""
    with pytest.raises(ForbiddenError, match="absent can't be written to"):
        run(tmp_path / "absent", FakeHub(HUB))


def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    """It is no file that could be replaced."""
    (tmp_path / "m.gguf").mkdir()
    with pytest.raises(ConflictError):
        run(tmp_path, FakeHub(HUB))


def test_whoever_waits_for_another_process_says_so(tmp_path: Path) -> None:
    """And finds the file there when it is done."""
    told: list[Report] = []

    def tell(report: Report) -> None:
        told.append(report)
        if report.message:
            (tmp_path / "m.gguf").write_bytes(CONTENT)
            held.close()

    hub = FakeHub(HUB)
    held = contextlib.ExitStack()
    held.enter_context(alone(tmp_path / "m.gguf"))
    fetch(ORDER, tmp_path, transfer_of(hub), tell, may_replace=False)
    assert [report.message for report in told if report.message] == [
        "another process writes the same file: waiting for it"
    ]
    assert hub.firsts == []


def test_short_troubles_are_not_told(tmp_path: Path) -> None:
    """They are tried again."""
    hub = FakeHub(HUB, troubles=[broken()], read_troubles=[broken()], cuts=[3, 5])
    assert run(tmp_path, hub)[-1].state is PullState.COMPLETE
