"""Tests of serve.worker: its stopwatch. The threads are tested with the real engine, from outside."""

from __future__ import annotations

import contextlib
import time

from serve.worker import Stopwatch


def test_a_stopwatch_runs_only_inside() -> None:
    """Outside it is zero, also after an error."""
    watch = Stopwatch()
    assert watch.elapsed_s == 0
    with contextlib.suppress(ZeroDivisionError), watch:
        time.sleep(0.01)
        assert watch.elapsed_s >= 0.01
        raise ZeroDivisionError
    assert watch.elapsed_s == 0
