"""Tests of serve.worker: its stopwatch, and a prompt that breaks. The rest is tested from outside, with the engine."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from serve.engine.types import Failed, FailureKind, Request
from serve.ipc import Channel
from serve.messages import Events, Generate, GenerateRequest
from serve.prompts import Prompts
from serve.worker import Stopwatch, Worker


def tokenize(text: str) -> tuple[int, ...]:
    """Good for one text only."""
    if text == "good":
        return (1, 2)
    raise MemoryError


def test_a_stopwatch_runs_only_inside() -> None:
    """Outside it is zero, also after an error."""
    watch = Stopwatch()
    assert watch.elapsed_s == 0
    with contextlib.suppress(ZeroDivisionError), watch:
        time.sleep(0.01)
        assert watch.elapsed_s >= 0.01
        raise ZeroDivisionError
    assert watch.elapsed_s == 0


def test_a_prompt_that_breaks_the_tokenizer_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Its client hears of it, the log has the trace but no prompt, and the next one is prepared."""
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        worker = Worker(Channel(theirs))
        worker._start_preparing(Prompts(tokenize, None, ""))
        worker._dispatch(Generate(1, GenerateRequest(text="secret")))
        worker._dispatch(Generate(2, GenerateRequest(text="good")))
        failed = Failed(1, FailureKind.BROKEN, "preparing the prompt failed: MemoryError")
        assert next(Channel(ours).receive()) == Events((failed,))
        assert worker._inbox.get(timeout=5) == Request(2, (1, 2))
    assert "MemoryError" in caplog.text
    assert "secret" not in caplog.text
