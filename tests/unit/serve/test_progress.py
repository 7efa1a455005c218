"""Tests of serve.progress."""

from __future__ import annotations

import logging

import pytest

from serve.progress import Progress
from tests.helpers.fakes import FakeClock


def test_it_speaks_now_and_then_and_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """Not for every chunk; with percent, speed and time left."""
    clock = FakeClock()
    with caplog.at_level(logging.INFO):
        progress = Progress("copying m", 1000, clock)
        for done in range(100, 1100, 100):
            clock.now += 1.0
            progress(done)
    told = [vars(record) for record in caplog.records]
    assert [t["percent"] for t in told] == [20.0, 40.0, 60.0, 80.0, 100.0]
    assert (told[0]["bytes_per_s"], told[0]["left_s"]) == (100, 8.0)


def test_nothing_to_do_is_done(caplog: pytest.LogCaptureFixture) -> None:
    """An empty file divides nothing by zero."""
    with caplog.at_level(logging.INFO):
        Progress("copying m", 0, FakeClock())(0)
    assert len(caplog.records) == 1
