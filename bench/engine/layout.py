"""How llama-server lays out its memory: the faster way of its two, tried once for each model. That one is the peer."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from dataclasses import replace
from functools import cache

from bench.engine.lab import Lab
from bench.engine.prompts import GREEDY
from bench.engine.requests import burst, decode_rate
from bench.engine.servers import Setup

LAYOUTS: tuple[tuple[str, ...], ...] = (("--no-kv-unified",), ("--kv-unified",))
"""A part for each slot, which is what `--parallel` means by itself, and one for all."""
NUM_STREAMS = 16
SLOT_TOKENS = 512
NUM_GENERATED = 16
ROUNDS, QUICK_ROUNDS = 3, 1


@cache
def fastest(lab: Lab, model: str) -> tuple[str, ...]:
    """The flags of the layout with the higher decode rate at 16 streams."""
    setup = Setup(lab.model(model), num_slots=NUM_STREAMS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    trying = replace(lab, num_rounds=QUICK_ROUNDS if lab.is_quick else ROUNDS)
    with ExitStack() as stack:
        servers = [stack.enter_context(lab.llama_server(setup, *flags)) for flags in LAYOUTS]
        for server in servers:
            burst(server, 2, seed="warm", num_generated=4, sampling=GREEDY)

        def rate(place: int, number: int) -> float:
            seed = f"layout {number}"
            return decode_rate(
                burst(servers[place], NUM_STREAMS, seed=seed, num_generated=NUM_GENERATED, sampling=GREEDY)
            )

        sides = [lambda number: rate(0, number), lambda number: rate(1, number)]
        rounds = trying.take_turns(f"layouts of llama-server, {model}", sides)
    medians = [statistics.median(each[place] for each in rounds) for place in range(len(LAYOUTS))]
    best = LAYOUTS[medians.index(max(medians))]
    shown = ", ".join(f"{flags[0]} {median:.1f} tok/s" for flags, median in zip(LAYOUTS, medians, strict=True))
    lab.say(f"{model}: {shown}: the peer is llama-server {best[0]}")
    return best
