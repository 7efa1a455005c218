"""Many streams at once: what most measurements ask a server for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.engine.client import Answer, BrokenAnswer, Call, ask
from bench.engine.prompts import completion, words
from bench.engine.servers import Server

NUM_PROMPT = 32


def burst(server: Server, num: int, *, seed: str, num_generated: int, sampling: dict[str, Any]) -> list[Answer]:
    """So many streams, each with a prompt that nobody has seen; the same seed asks every server the same."""
    calls = [
        Call(completion(words(NUM_PROMPT, f"{seed} {index}"), num_generated, sampling, seed=index))
        for index in range(num)
    ]
    answers = ask(server.port, calls)
    for answer in answers:  # otherwise it is not like with like
        if not answer.ran_to_length:
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
