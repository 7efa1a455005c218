"""What a server without a model keeps in memory once it has answered a few requests."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.engine.report import at_most
from bench.server.lab import Lab, get
from bench.server.report import Row

PATHS = ("/health", "/v1/models", "/metrics", "/health/ready")
SETTLE_S = 2.0
TARGET = at_most(120)


def measure(lab: Lab) -> Iterator[Row]:
    """One row. In megabytes: 120 MiB would be more than 120 MB."""
    found = []
    for _ in lab.rounds("idle memory"):
        with lab.without_model() as server:
            for path in PATHS:
                get(server.port, path)
            time.sleep(SETTLE_S)
            found.append(sum(process.memory_info().rss for process in server.processes()) / 1e6)
    yield Row("idle memory without a model (RSS)", "MB", tuple(found), TARGET)
