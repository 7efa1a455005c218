"""A killed `pulumi up` is repaired; a running one is never disturbed."""

import json
import socket
from pathlib import Path

from tools.recovery import is_stale, lock_folder


def lock(folder: Path, *, pid: int = 123, hostname: str | None = None) -> None:
    record = {"pid": pid, "username": "root", "hostname": hostname or socket.gethostname()}
    (folder / f"{pid}.json").write_text(json.dumps(record))


def test_a_lock_whose_process_is_gone_is_stale(tmp_path: Path) -> None:
    """The next `make up` may remove it."""
    lock(tmp_path)
    assert is_stale(tmp_path, is_alive=lambda pid: False)


def test_a_lock_of_a_living_process_or_of_another_machine_is_left_alone(tmp_path: Path) -> None:
    """One that can't be judged from here is no less respected than a living one."""
    lock(tmp_path)
    assert not is_stale(tmp_path, is_alive=lambda pid: True)
    lock(tmp_path, pid=5, hostname="elsewhere")
    assert not is_stale(tmp_path, is_alive=lambda pid: False)


def test_no_lock_is_nothing_to_repair(tmp_path: Path) -> None:
    """Also when the folder is not there."""
    assert not is_stale(tmp_path / "none")


def test_the_lock_folder_follows_the_backend() -> None:
    """A file backend's path with its options cut off; nothing for backends elsewhere; the project's own by default."""
    named = lock_folder({"PULUMI_BACKEND_URL": "file:///state?create_dir=true"})
    assert named == Path("/state/.pulumi/locks/organization/slipway/local")
    assert lock_folder({"PULUMI_BACKEND_URL": "s3://bucket"}) is None
    default = lock_folder({})
    assert default is not None
    assert default.is_absolute()
