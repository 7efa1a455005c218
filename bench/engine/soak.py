"""Minutes of changing load: memory, threads and open files of our server must not grow.

Requests of all sizes come and go, some are left by their clients in the middle. Looked at after each round of load,
when the server is idle; the first third of the time is its youth, in which caches fill.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.engine.client import Call, ask, connect
from bench.engine.lab import Lab
from bench.engine.models import RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import DEFAULT_CHAIN, completion, words
from bench.engine.report import Row, at_most
from bench.engine.servers import Server, Setup

MODEL = RANDOM["tiny"]
NUM_SLOTS = 16
SLOT_TOKENS = 1024
NUM_REQUESTS = 48
NUM_LEFT = 8
SETTLE_S = 0.5
GROWTH = at_most(1.02)
"""Late by early; the allocator's own waves are smaller."""
NO_GROWTH = at_most(1.0)


@dataclass(frozen=True, slots=True)
class Look:
    """At one moment, over all processes."""

    rss_mib: float
    num_threads: int
    num_files: int


def measure(lab: Lab) -> Iterator[Row]:
    """One row for each of the three; `peer's` is what it was early."""
    setup = Setup(lab.model(MODEL), num_slots=NUM_SLOTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    lab.say(f"soak: {lab.soak_s:.0f} s")
    with lab.ours(setup) as server:
        looks = soak(server, lab.soak_s)
    for what, unit, target in (
        ("rss_mib", "MiB", GROWTH),
        ("num_threads", "", NO_GROWTH),
        ("num_files", "", NO_GROWTH),
    ):
        late, early = growth([float(getattr(look, what)) for look in looks])
        title = f"soak {lab.soak_s:.0f} s, {what.removeprefix('num_').removesuffix('_mib')}"
        yield Row(title, unit, "early in it", ratio([(late, early)]), target)


def soak(server: Server, seconds: float) -> list[Look]:
    """Load and look until the time is over; at least six times."""
    draw = random.Random(1)  # noqa: S311  nothing is kept secret with it
    begin, looks = time.monotonic(), list[Look]()
    while time.monotonic() - begin < seconds or len(looks) < 6:
        _load(server, draw, len(looks))
        time.sleep(SETTLE_S)
        looks.append(look(server))
    return looks


def growth(values: Sequence[float]) -> tuple[float, float]:
    """Medians of the last third and of the second one: the first is left out."""
    third = len(values) // 3
    return statistics.median(values[-third:]), statistics.median(values[third : 2 * third])


def look(server: Server) -> Look:
    """What it holds now."""
    processes = server.processes()
    return Look(
        rss_mib=sum(process.memory_info().rss for process in processes) / 2**20,
        num_threads=sum(process.num_threads() for process in processes),
        num_files=sum(process.num_fds() for process in processes),
    )


def _load(server: Server, draw: random.Random, number: int) -> None:
    left = []
    for index in range(NUM_LEFT):
        sock = connect(server.port)
        sock.sendall(completion(words(64, f"left {number} {index}"), 500, DEFAULT_CHAIN))
        left.append(sock)
    calls = [
        Call(
            completion(words(draw.randint(4, 400), f"{number} {index}"), draw.randint(1, 64), DEFAULT_CHAIN, seed=index)
        )
        for index in range(NUM_REQUESTS)
    ]
    ask(server.port, calls[: NUM_REQUESTS // 2])
    for sock in left:
        sock.close()
    ask(server.port, calls[NUM_REQUESTS // 2 :])
