"""From the start of the process to the first token of an answer: the request is sent as soon as somebody is ready."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

from bench.engine.lab import Lab
from bench.engine.models import GEMMA, RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import GREEDY
from bench.engine.report import Row, at_most
from bench.engine.requests import burst
from bench.engine.servers import Server, Setup

NUM_SLOTS = 4
SLOT_TOKENS = 2048
TARGET = at_most(1.2)


def measure(lab: Lab) -> Iterator[Row]:
    """One row for each model. The files are in the page cache: a disk would make both alike."""
    for model in (GEMMA, RANDOM["medium"]):
        setup = Setup(lab.model(model), num_slots=NUM_SLOTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
        setup.model.read_bytes()
        what = f"start to first token, {model}"
        pairs = lab.take_turns(
            what,
            [lambda _, s=setup: seconds(lab.ours(s)), lambda _, s=setup: seconds(lab.llama_server(s))],  # type: ignore[misc]
        )
        yield Row(what, "s", "llama-server", ratio([(ours, peer) for ours, peer in pairs]), TARGET)


def seconds(starting: AbstractContextManager[Server]) -> float:
    """Once, with a process of its own."""
    with starting as server:
        asked_s = time.monotonic()
        (answer,) = burst(server, 1, seed="start", num_generated=2, sampling=GREEDY)
        return asked_s - server.started_s + answer.token_s[0]
