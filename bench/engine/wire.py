"""Small answers from a tiny model: what HTTP costs. Requests per second of 16 clients, one token each."""

from __future__ import annotations

from collections.abc import Iterator

from bench.engine.hammer import Hammered, hammer
from bench.engine.lab import Lab
from bench.engine.models import RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import GREEDY, completion, words
from bench.engine.report import Row, at_least
from bench.engine.servers import Server, Setup

MODEL = RANDOM["tiny"]
NUM_CLIENTS = 16
NUM_PROMPT = 8
SECONDS = 3.0
TARGET = at_least(0.8)


def measure(lab: Lab) -> Iterator[Row]:
    """One row, and how much of a core the client took: where that comes near to 1, it was the client that was slow."""
    setup = Setup(lab.model(MODEL), num_slots=NUM_CLIENTS, slot_tokens=256, num_threads=lab.num_threads)
    what = f"one-token answers, {MODEL}"
    with lab.pair(setup) as (ours, peer):
        for server in (ours, peer):
            run(server, seconds=0.5)
        pairs = lab.take_turns(what, [lambda _: run(ours), lambda _: run(peer)])
    yield Row(
        what, "req/s", "llama-server", ratio([(ours.per_second, peer.per_second) for ours, peer in pairs]), TARGET
    )
    lab.say(f"the client took {max(side.client_share for pair in pairs for side in pair):.0%} of a core")


def run(server: Server, seconds: float = SECONDS) -> Hammered:
    """Once. The same prompt each time: how much of it is kept is a matter of each server."""
    request = completion(words(NUM_PROMPT, "wire"), 1, GREEDY, stream=False)
    return hammer(server.port, request, num_clients=NUM_CLIENTS, seconds=seconds)
