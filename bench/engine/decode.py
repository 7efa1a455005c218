"""How fast tokens come: 1, 16 and 32 streams over HTTP, ours beside llama-server. The headline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bench.engine.client import Answer, BrokenAnswer, Call, ask
from bench.engine.lab import Lab
from bench.engine.models import GEMMA, RANDOM
from bench.engine.pairing import ratio
from bench.engine.prompts import DEFAULT_CHAIN, GREEDY, completion, words
from bench.engine.report import Row, Target, at_least
from bench.engine.servers import Server, Setup

STREAMS = {1: at_least(1.0), 16: at_least(1.1), 32: at_least(1.1)}
QUICK_STREAMS = (1, 16)
NUM_PROMPT = 32
NUM_GENERATED = {1: 64, 16: 32, 32: 24}
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
        with lab.pair(setup) as pair:
            for server in pair:
                burst(server, 2, seed="warm", num_generated=4, sampling=GREEDY)
            for num in streams:
                yield _row(lab, pair, f"decode, {model}, {chain}, {num} at once", sampling, num, STREAMS[num])


def _row(lab: Lab, pair: tuple[Server, Server], what: str, sampling: dict[str, Any], num: int, target: Target) -> Row:
    def rate(server: Server, number: int) -> float:
        answers = burst(server, num, seed=f"{what} {number}", num_generated=NUM_GENERATED[num], sampling=sampling)
        return decode_rate(answers)

    pairs = lab.take_turns(what, [lambda number: rate(pair[0], number), lambda number: rate(pair[1], number)])
    return Row(what, "tok/s", "llama-server", ratio([(ours, peer) for ours, peer in pairs]), target)


def burst(server: Server, num: int, *, seed: str, num_generated: int, sampling: dict[str, Any]) -> list[Answer]:
    """So many streams at once, each with a prompt that nobody has seen."""
    calls = [
        Call(completion(words(NUM_PROMPT, f"{seed} {index}"), num_generated, sampling, seed=index))
        for index in range(num)
    ]
    answers = ask(server.port, calls)
    for answer in answers:  # otherwise it is not like with like
        if answer.num_generated != num_generated:
            raise BrokenAnswer(f"{server.name} generated {answer.num_generated} tokens, {num_generated} were asked for")
    return answers


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
