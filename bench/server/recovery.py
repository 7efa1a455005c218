"""A worker that is killed, and one that hangs: how long until the model serves again, against what loading takes."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bench.engine.models import GEMMA, RANDOM
from bench.engine.report import at_most
from bench.engine.servers import Server, ServerDied, Setup
from bench.server.lab import Lab, get
from bench.server.report import Row

NUM_SLOTS, SLOT_TOKENS = 4, 2048
TARGET = at_most(2.0)
LIMIT_S = 120.0
LOOK_S = 0.01


def measure(lab: Lab) -> Iterator[Row]:
    """Serving again later than loading takes, and how soon a hung one is noticed."""
    name = RANDOM["tiny"] if lab.is_quick else GEMMA
    setup = Setup(lab.model(name), num_slots=NUM_SLOTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    setup.model.read_bytes()  # a disk would be measured otherwise
    killed, noticed, loads = [], [], []
    for _ in lab.rounds("recovery"):
        with lab.serving(setup, log_level="info") as server:
            load_s = load_time(server.log.read_text())
            loads.append(load_s)
            killed.append(_until_serving_again(server, signal.SIGKILL) - load_s)
            noticed.append(_until_noticed(server))
    note = f"{name}, loads in {min(loads):.2f}-{max(loads):.2f} s"
    yield Row("a killed worker's model serves again, beyond its load time", "s", tuple(killed), TARGET, note)
    yield Row("a hung worker is noticed", "s", tuple(noticed), TARGET, name)


def load_time(log: str) -> float:
    """Of the first load, by the log: from `loading` to `serving`."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (began, ended) = (_first(lines, f"model bench is {state}") for state in ("loading", "serving"))
    return (ended - began).total_seconds()


def _first(lines: list[dict[str, Any]], message: str) -> datetime:
    return next(datetime.fromisoformat(line["time"]) for line in lines if line["message"] == message)


def _until_serving_again(server: Server, number: signal.Signals) -> float:
    started = time.monotonic()
    os.kill(_worker(server), number)
    _wait_for(server, ready=False, since=started)
    return _wait_for(server, ready=True, since=started)


def _until_noticed(server: Server) -> float:
    started = time.monotonic()
    os.kill(_worker(server), signal.SIGSTOP)
    return _wait_for(server, ready=False, since=started)


def _worker(server: Server) -> int:
    _, worker = server.processes()
    return worker.pid


def _wait_for(server: Server, *, ready: bool, since: float) -> float:
    while time.monotonic() - since < LIMIT_S:
        if (get(server.port, "/health/ready")[0] == 200) == ready:
            return time.monotonic() - since
        time.sleep(LOOK_S)
    raise ServerDied(f"the model was not {'serving' if ready else 'missed'} in {LIMIT_S:g} s: {server.log_tail()}")
