"""How long /health takes while every slot decodes: on a connection that is kept, as a load balancer has it, and on a
new one each time, as the kubelet has it. The load comes from a process of its own, so that what is measured here does
not wait behind it.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.engine.client import HOST
from bench.engine.models import GEMMA, RANDOM
from bench.engine.report import at_most
from bench.engine.servers import Server, ServerDied, Setup
from bench.server.lab import Lab, get
from bench.server.report import Row, percentile

NUM_SLOTS, SLOT_TOKENS = 16, 4096
TARGET = at_most(100)
PERIOD_S, LASTING_S, QUICK_S = 0.02, 20.0, 5.0
_RUNNING = re.compile(rb'^model_running_requests\{model="bench"\} ([0-9.]+)', re.MULTILINE)


def measure(lab: Lab) -> Iterator[Row]:
    """Two rows: 99 of 100 answers came in so many milliseconds."""
    name = RANDOM["tiny"] if lab.is_quick else GEMMA
    setup = Setup(lab.model(name), num_slots=NUM_SLOTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    kept: list[list[float]] = []
    new: list[list[float]] = []
    for _ in lab.rounds("health"):
        with lab.serving(setup) as server, _load(server):
            lasting_s = QUICK_S if lab.is_quick else LASTING_S
            kept.append(_on_kept_connection(server.port, lasting_s / 2))
            new.append(_ask_for(lasting_s / 2, lambda port=server.port: _expect_200(get(port, "/health")[0])))  # type: ignore[misc]
            if _num_running(server) < NUM_SLOTS:
                raise ServerDied("not all slots decoded to the end of the measurement")
    for how, runs in (("kept connection", kept), ("new connections", new)):
        most = max(max(run) for run in runs)
        values = tuple(percentile(run, 0.99) * 1000 for run in runs)
        note = f"{name}, {NUM_SLOTS} slots; {sum(map(len, runs))} answers, the slowest {most * 1000:.0f} ms"
        yield Row(f"/health p99, {how}", "ms", values, TARGET, note)


def _on_kept_connection(port: int, lasting_s: float) -> list[float]:
    connection = http.client.HTTPConnection(HOST, port, timeout=30)

    def ask() -> None:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        answer.read()
        _expect_200(answer.status)

    try:
        return _ask_for(lasting_s, ask)
    finally:
        connection.close()


def _ask_for(lasting_s: float, ask: Callable[[], None]) -> list[float]:
    """At fixed times: an answer that takes long does not make the next question later than it was to be."""
    took: list[float] = []
    start = time.monotonic()
    due = start
    while due < start + lasting_s:
        time.sleep(max(due - time.monotonic(), 0))
        ask()
        took.append(time.monotonic() - due)
        due += PERIOD_S
    return took


def _expect_200(status: int) -> None:
    if status != 200:
        raise ServerDied(f"/health answered {status}")


@contextmanager
def _load(server: Server) -> Iterator[None]:
    """Streams in all slots, until the block ends."""
    argv = [sys.executable, "-m", "bench.server.load", str(server.port), str(NUM_SLOTS), str(SLOT_TOKENS - 256)]
    process = subprocess.Popen(argv)
    try:
        deadline = time.monotonic() + 60
        while _num_running(server) < NUM_SLOTS:
            if time.monotonic() > deadline or process.poll() is not None:
                raise ServerDied(f"the slots did not fill: {server.log_tail()}")
            time.sleep(0.2)
        yield
    finally:
        process.kill()
        process.wait()


def _num_running(server: Server) -> float:
    found = _RUNNING.search(get(server.port, "/metrics")[1])
    return float(found[1]) if found else 0.0
