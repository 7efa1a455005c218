"""Tests of serve.alone: one writer of a file at a time."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from serve.alone import alone

IMAGE = Path(__file__).parents[3] / "image"
HOLDER = """
import sys
from pathlib import Path
from serve.alone import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_waits_until_the_first_is_done(tmp_path: Path) -> None:
    """In the order in which they came."""
    order: list[str] = []
    started = threading.Event()

    def second() -> None:
        started.set()
        with alone(tmp_path / "m"):
            order.append("second")

    thread = threading.Thread(target=second)
    with alone(tmp_path / "m"):
        thread.start()
        started.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_two_files_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Models with other weights are filled at the same time."""
    with alone(tmp_path / "a"), alone(tmp_path / "b"):
        assert sorted(path.name for path in tmp_path.iterdir()) == [".a.lock", ".b.lock"]


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    """The next one does not wait for the dead."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "m")]
    with subprocess.Popen(
        command, env={"PYTHONPATH": str(IMAGE)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        holder.kill()
        with alone(tmp_path / "m"):
            assert (tmp_path / ".m.lock").exists()


def test_a_file_system_without_locks_lets_everybody_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are placed whole anyway; two downloads are better than none."""

    def refuse(fd: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with alone(tmp_path / "m"), alone(tmp_path / "m"):
        assert [path.name for path in tmp_path.iterdir()] == [".m.lock"]
