"""A killed `pulumi up` is repaired; a running one is never disturbed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from tools.recovery import is_held, is_stale, lock_folder


def lock(folder: Path, *, pid: int = 123, hostname: str | None = None) -> None:
    record = {"pid": pid, "username": "root", "hostname": hostname or socket.gethostname()}
    (folder / f"{pid}.json").write_text(json.dumps(record))


def test_a_lock_whose_process_is_gone_is_stale(tmp_path: Path) -> None:
    """The next `make up` may remove it."""
    lock(tmp_path)
    assert is_stale(tmp_path, is_held=lambda lock: False)


def test_a_lock_of_a_living_process_or_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    """One that can't be judged from here is no less respected than a living one."""
    lock(tmp_path)
    assert not is_stale(tmp_path, is_held=lambda lock: True)
    lock(tmp_path, pid=5, hostname="elsewhere")
    assert not is_stale(tmp_path, is_held=lambda lock: False)


def test_no_lock_is_nothing_to_repair(tmp_path: Path) -> None:
    """Also when the folder is not there."""
    assert not is_stale(tmp_path / "none")


@pytest.fixture
def pulumi_pid(tmp_path: Path) -> Iterator[int]:
    """A living process by the name of pulumi."""
    program = tmp_path / "pulumi"
    shutil.copy("/bin/sleep", program)
    with subprocess.Popen([program, "60"]) as process:
        yield process.pid
        process.kill()


def written(pid: int, after: timedelta = timedelta(0)) -> dict[str, object]:
    """A lock as the CLI writes it: nanoseconds and a zone."""
    stamp = (datetime.now(UTC) + after).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return {"pid": pid, "timestamp": f"{stamp}123Z"}


def test_a_lock_is_held_by_a_living_pulumi_that_is_older_than_it(pulumi_pid: int) -> None:
    """That one is never disturbed."""
    assert is_held(written(pulumi_pid))


def test_a_lock_that_cannot_be_judged_is_held() -> None:
    """Another version's, perhaps."""
    assert is_held({"pid": 2**22 + 1})


def test_a_number_that_went_to_another_process_holds_nothing(pulumi_pid: int) -> None:
    """After a reboot: another program, or a younger pulumi; or no process at all."""
    assert not is_held(written(os.getpid()))
    assert not is_held(written(pulumi_pid, after=timedelta(hours=-1)))
    assert not is_held(written(2**22 + 1))


def test_one_that_was_killed_holds_nothing_though_nobody_waits_for_it(pulumi_pid: int) -> None:
    """Its number stays in the list of processes until its parent asks, which may be never."""
    os.kill(pulumi_pid, signal.SIGKILL)
    while psutil.Process(pulumi_pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not is_held(written(pulumi_pid))


def test_the_lock_folder_follows_the_backend() -> None:
    """A file backend's path with its options cut off; nothing for backends elsewhere."""
    named = lock_folder({"PULUMI_BACKEND_URL": "file:///state?create_dir=true"})
    assert named == Path("/state/.pulumi/locks/organization/slipway/local")
    assert lock_folder({"PULUMI_BACKEND_URL": "s3://bucket"}) is None
