"""Many clients with one long beginning: 16 at once, 1,000 tokens shared, total throughput beside llama-server's.

Each round has a beginning that nobody has seen. What counts is the time from the first request to the last answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.engine import layout
from bench.engine.client import Call, ask
from bench.engine.lab import Lab
from bench.engine.models import GEMMA
from bench.engine.pairing import ratio
from bench.engine.prompts import GREEDY, completion, words
from bench.engine.report import Row, at_least
from bench.engine.requests import burst
from bench.engine.servers import Server, Setup

NUM_CLIENTS = 16
NUM_SHARED = 1000
NUM_OWN = 24
NUM_GENERATED = 24
SLOT_TOKENS = 1280
MODEL = GEMMA
TARGET = at_least(2.0)


def measure(lab: Lab) -> Iterator[Row]:
    """One row."""
    setup = Setup(lab.model(MODEL), num_slots=NUM_CLIENTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    what = f"{NUM_CLIENTS} clients share {NUM_SHARED} tokens, {MODEL}"
    with lab.pair(setup, *layout.fastest(lab, MODEL)) as (ours, peer):
        for server in (ours, peer):
            burst(server, 2, seed="warm", num_generated=4, sampling=GREEDY)
        pairs = lab.take_turns(what, [lambda number: total(ours, number), lambda number: total(peer, number)])
    yield Row(what, "tok/s", peer.name, ratio([(mine, its) for mine, its in pairs]), TARGET)


def total(server: Server, number: int) -> float:
    """Generated tokens per second of all the time that it took."""
    shared = words(NUM_SHARED, f"shared {number}")
    calls = [
        Call(completion(f"{shared} {words(NUM_OWN, f'own {number} {index}')}", NUM_GENERATED, GREEDY))
        for index in range(NUM_CLIENTS)
    ]
    answers = ask(server.port, calls)
    return sum(answer.num_generated for answer in answers) / max(answer.end_s for answer in answers)
