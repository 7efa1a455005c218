"""From the start of the process to the first answer, without a model.

The port is open before all else is there, so one request waits in its line: nobody polls, and nothing is lost between
two looks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from bench.engine.report import at_most
from bench.server.lab import Lab
from bench.server.report import Row

TARGET = at_most(1.0)


def measure(lab: Lab) -> Iterator[Row]:
    """Two rows: the clock's time, and the processor's, which neighbours on the machine do not make longer by much."""
    found, computed = [], []
    for _ in lab.rounds("start"):
        with lab.without_model() as server:  # is there when /health/live has answered
            found.append(time.monotonic() - server.started_s)
            times = psutil.Process(server.process.pid).cpu_times()
            computed.append(times.user + times.system)
    yield Row("start to the first answer without a model", "s", tuple(found), TARGET)
    yield Row("processor time of that", "s", tuple(computed))
