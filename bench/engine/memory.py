"""What a loaded server keeps in memory, all its processes together, at the same context and after the same work."""

from __future__ import annotations

from collections.abc import Iterator

from bench.engine.lab import Lab
from bench.engine.models import GEMMA, RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import DEFAULT_CHAIN
from bench.engine.report import Row, at_most
from bench.engine.requests import burst
from bench.engine.servers import Server, Setup

NUM_SLOTS = 16
SLOT_TOKENS = 1024
TARGET = at_most(1.05)
NUM_PAIRS = 1
"""Memory is no matter of noise: one pair a model says all."""


def measure(lab: Lab) -> Iterator[Row]:
    """One row for each model."""
    for model in (GEMMA, RANDOM["medium"]):
        setup = Setup(lab.model(model), num_slots=NUM_SLOTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
        lab.say(f"memory, {model}")
        with lab.pair(setup) as pair:
            for server in pair:
                burst(server, NUM_SLOTS, seed="memory", num_generated=8, sampling=DEFAULT_CHAIN)
            found = ratio([(rss_bytes(pair[0]) / 2**20, rss_bytes(pair[1]) / 2**20)])
        what = f"memory, {model}, {NUM_SLOTS} x {SLOT_TOKENS} tokens"
        yield Row(what, "MiB", "llama-server", found, TARGET)


def rss_bytes(server: Server) -> int:
    """Of all its processes. Pages that two of them share count twice: that is against us, who have two."""
    return sum(process.memory_info().rss for process in server.processes())
