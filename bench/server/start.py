"""From the start of the process to the first answer, without a model.

The port is open before all else is there, so one request waits in its line: nobody polls, and nothing is lost between
two looks.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.engine.report import at_most
from bench.server.lab import Lab
from bench.server.report import Row

TARGET = at_most(1.0)


def measure(lab: Lab) -> Iterator[Row]:
    """One row."""
    found = []
    for _ in lab.rounds("start"):
        with lab.without_model() as server:  # is there when /health/live has answered
            found.append(time.monotonic() - server.started_s)
    yield Row("start to the first answer without a model", "s", tuple(found), TARGET)
