"""How fast tokens come: 1, 16 and 32 streams over HTTP, ours beside llama-server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bench.engine.client import Answer, Call, ask
from bench.engine.lab import Lab
from bench.engine.models import GEMMA, RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import DEFAULT_CHAIN, GREEDY, completion, words
from bench.engine.report import Row, Target, at_least
from bench.engine.servers import Server, Setup

STREAMS = {1: at_least(1.0), 16: at_least(1.1), 32: at_least(1.1)}
NUM_PROMPT = 32
NUM_GENERATED = {1: 96, 16: 48, 32: 32}
SLOT_TOKENS = 512
CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (GEMMA, "greedy", GREEDY),
    (GEMMA, "default chain", DEFAULT_CHAIN),
    (RANDOM["medium"], "greedy", GREEDY),
    (RANDOM["medium"], "default chain", DEFAULT_CHAIN),
)
QUICK_CASES = (CASES[0], CASES[3])
"""Both models and both ways to choose a token, once each."""


def measure(lab: Lab) -> Iterator[Row]:
    """One row for each model, sampling and number of streams."""
    for model in (GEMMA, RANDOM["medium"]):
        chains = [(name, chain) for owner, name, chain in (QUICK_CASES if lab.is_quick else CASES) if owner == model]
        setup = Setup(lab.model(model), num_slots=max(STREAMS), slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
        with lab.pair(setup) as pair:
            for server in pair:
                burst(server, 2, seed=0, num_generated=4, sampling=GREEDY)
            for name, chain in chains:
                for num, target in STREAMS.items():
                    yield _row(lab, pair, f"decode {model}, {name}", chain, num, target)


def _row(
    lab: Lab, pair: tuple[Server, Server], what: str, sampling: dict[str, Any], num: int, target: Target
) -> Row:
    title = f"{what}, {num} stream{'s' if num > 1 else ''}"
    seeds = iter(range(1, 1000))

    def rate(server: Server) -> float:
        return decode_rate(burst(server, num, seed=next(seeds), num_generated=NUM_GENERATED[num], sampling=sampling))

    pairs = lab.take_turns(title, [lambda: rate(pair[0]), lambda: rate(pair[1])])
    return Row(title, "tok/s", "llama-server", ratio([(ours, peer) for ours, peer in pairs]), target)


def burst(server: Server, num: int, *, seed: int, num_generated: int, sampling: dict[str, Any]) -> list[Answer]:
    """So many streams at once, each with a prompt that nobody has seen."""
    calls = [
        Call(completion(words(NUM_PROMPT, seed * 1000 + index), num_generated, sampling, seed=index))
        for index in range(num)
    ]
    return ask(server.port, calls)


def decode_rate(answers: Sequence[Answer]) -> float:
    """Tokens per second while every stream ran: after the last one's first token, until the first one's last.

    A piece of text may stand for more than one token (half a character is held back), so pieces are weighed.
    """
    begin = max(answer.token_s[0] for answer in answers)
    end = min(answer.token_s[-1] for answer in answers)
    if end <= begin:
        raise ValueError(f"the streams never ran all at once: one ended at {end:.3f} s, one began at {begin:.3f} s")
    tokens = 0.0
    for answer in answers:
        pieces = sum(begin < at <= end for at in answer.token_s)
        tokens += pieces * answer.num_generated / len(answer.token_s)
    return tokens / (end - begin)
