"""Tests of health_monitor.probe: the health check of the image."""

from __future__ import annotations

import socket

import pytest

from health_monitor import pages, probe
from health_monitor.board import Board, Entry
from health_monitor.metrics import Metrics
from health_monitor.settings import Settings
from health_monitor.state import State
from tests.unit.sidecars.support import service

ENTRY = Entry(service(), State.DOWN, due_s=100.0, since_at=0.0)


def probed(now_s: float) -> int:
    """Of a monitor whose service is due at 100."""
    board = Board()
    board.put(ENTRY)
    server = pages.start("127.0.0.1", 0, pages.make_pages(board, Metrics(()), lambda: now_s))
    try:
        return probe.main({"MONITOR_PORT": str(server.server_port)})
    finally:
        server.shutdown()
        server.server_close()


def test_a_monitor_that_works_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it finds."""
    assert probed(now_s=99.0) == 0
    assert capsys.readouterr().err == ""


def test_one_that_is_late_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    """With the status in one line."""
    assert probed(now_s=101.0) == 1
    assert "503" in capsys.readouterr().err


def test_nobody_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert probe.main({"MONITOR_HOST": "127.0.0.1", "MONITOR_PORT": str(taken.getsockname()[1])}) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_it_looks_where_the_monitor_is_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows the port by itself, since it imports no settings."""
    for name in ("MONITOR_HOST", "MONITOR_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert (Settings().host, Settings().port) == (probe.HOST, probe.PORT)
