"""How fast tokens come: 1, 16 and 32 streams over HTTP, ours beside llama-server. The headline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.engine import layout
from bench.engine.lab import Lab
from bench.engine.models import GEMMA, RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import DEFAULT_CHAIN, GREEDY
from bench.engine.report import Row, Target, at_least
from bench.engine.requests import burst, decode_rate
from bench.engine.servers import Server, Setup

STREAMS = {1: at_least(1.0), 16: at_least(1.1), 32: at_least(1.1)}
QUICK_STREAMS = (1, 16)
NUM_GENERATED = {1: 128, 16: 64, 32: 48}
"""Some seconds for each: what a core does changes from one second to the next."""
SLOT_TOKENS = 512
CHAINS: dict[str, tuple[str, dict[str, Any]]] = {
    GEMMA: ("greedy", GREEDY),
    RANDOM["medium"]: ("default chain", DEFAULT_CHAIN),
}
"""Both models and both ways to choose a token, once each: all four take twice the time and say little more."""


def measure(lab: Lab) -> Iterator[Row]:
    """One row for each model and number of streams."""
    for model, (chain, sampling) in CHAINS.items():
        streams = QUICK_STREAMS if lab.is_quick else tuple(STREAMS)
        setup = Setup(lab.model(model), num_slots=max(streams), slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
        with lab.pair(setup, *layout.fastest(lab, model)) as pair:
            for server in pair:
                burst(server, 2, seed="warm", num_generated=4, sampling=GREEDY)
            for num in streams:
                yield _row(lab, pair, f"decode, {model}, {chain}, {num} at once", sampling, num, STREAMS[num])


def _row(lab: Lab, pair: tuple[Server, Server], what: str, sampling: dict[str, Any], num: int, target: Target) -> Row:
    def rate(server: Server, number: int) -> float:
        answers = burst(server, num, seed=f"{what} {number}", num_generated=NUM_GENERATED[num], sampling=sampling)
        return decode_rate(answers)

    pairs = lab.take_turns(what, [lambda number: rate(pair[0], number), lambda number: rate(pair[1], number)])
    return Row(what, "tok/s", pair[1].name, ratio([(ours, peer) for ours, peer in pairs]), target)
