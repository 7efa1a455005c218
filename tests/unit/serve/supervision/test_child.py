"""Tests of serve.supervision.child, with real processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from serve.supervision.child import Child, inherited

IMAGE = Path(__file__).parents[4] / "image"
ENVIRON = {"PATH": os.environ["PATH"], "PYTHONPATH": str(IMAGE)}


def test_a_worker_knows_little_of_our_environment() -> None:
    """Nothing of ours that is secret, nothing that makes the library load something else; how threads wait is ours."""
    known = inherited({"PATH": "/bin", "SLIPWAY_API_KEY": "x", "GGML_BACKEND_PATH": "/tmp/x.so", "GOMP_SPINCOUNT": "1"})
    assert known == {"PATH": "/bin", "GOMP_SPINCOUNT": "200000"}


def test_one_that_is_dismissed_is_gone() -> None:
    """Process and socket."""
    child = Child(ENVIRON)
    assert child.process.poll() is None
    child.dismiss()
    assert child.process.returncode == -9
    assert child.socket.fileno() == -1


def test_one_whose_server_ends_before_it_begins_ends_by_itself() -> None:
    """Settings that are wrong leave nothing behind."""
    child = Child(ENVIRON)
    child.socket.close()
    assert child.process.wait(60) == 0


def test_one_that_can_not_be_started_leaves_no_socket_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is tried."""
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        Child(ENVIRON)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
