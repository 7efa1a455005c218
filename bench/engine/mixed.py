"""Long prompts that arrive among running streams: how long the streams pause, and how long the prompts wait.

Eight streams run; two prompts of two and three thousand tokens come one after the other. The gap is that between two
tokens of a running stream while prompts are computed; the 95th percentile of all such gaps counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.engine import layout
from bench.engine.client import Answer, BrokenAnswer, Call, ask
from bench.engine.lab import Lab
from bench.engine.models import GEMMA
from bench.engine.pairing import percentile, ratio
from bench.engine.prompts import GREEDY, completion, words
from bench.engine.report import Row, at_most
from bench.engine.requests import burst
from bench.engine.servers import Server, Setup

NUM_STREAMS = 8
NUM_SLOTS = 12
SLOT_TOKENS = 4608
NUM_STREAM_PROMPT = 32
NUM_STREAM_TOKENS = 72
LONG_PROMPTS = {2000: 0.8, 3000: 1.2}
"""Tokens -> seconds after the streams."""
NUM_LONG_TOKENS = 4
MODEL = GEMMA
GAP_TARGET, FIRST_TARGET = at_most(0.5), at_most(1.0)
SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Mixed:
    """Of one run: 95th percentiles in seconds."""

    gap_s: float
    first_token_s: float


def measure(lab: Lab) -> Iterator[Row]:
    """One row for the gaps, one for the waiting."""
    setup = Setup(lab.model(MODEL), num_slots=NUM_SLOTS, slot_tokens=SLOT_TOKENS, num_threads=lab.num_threads)
    with lab.pair(setup, *layout.fastest(lab, MODEL)) as (ours, peer):
        for server in (ours, peer):
            burst(server, 2, seed="warm", num_generated=4, sampling=GREEDY)
        pairs = lab.take_turns("mixed load", [lambda number: run(ours, number), lambda number: run(peer, number)])
    gaps = ratio([(mine.gap_s * 1000, its.gap_s * 1000) for mine, its in pairs])
    yield Row(f"mixed load, {MODEL}, p95 gap between tokens", "ms", peer.name, gaps, GAP_TARGET)
    waits = ratio([(mine.first_token_s, its.first_token_s) for mine, its in pairs])
    yield Row(f"mixed load, {MODEL}, p95 first token", "s", peer.name, waits, FIRST_TARGET)


def run(server: Server, number: int) -> Mixed:
    """Once."""
    streams = [
        Call(completion(words(NUM_STREAM_PROMPT, f"stream {number} {index}"), NUM_STREAM_TOKENS, GREEDY))
        for index in range(NUM_STREAMS)
    ]
    long = [
        Call(completion(words(num, f"long {number} {num}"), NUM_LONG_TOKENS, GREEDY), at_s)
        for num, at_s in LONG_PROMPTS.items()
    ]
    answers = ask(server.port, [*streams, *long])
    gaps = gaps_during(answers[:NUM_STREAMS], answers[NUM_STREAMS:])
    if not gaps:
        raise BrokenAnswer("the streams were over before the prompts came: NUM_STREAM_TOKENS is too small here")
    return Mixed(
        gap_s=percentile(gaps, SHARE),
        first_token_s=percentile([answer.first_token_s for answer in answers], SHARE),
    )


def gaps_during(streams: Sequence[Answer], prompts: Sequence[Answer]) -> list[float]:
    """Gaps of the streams that end after the first prompt came and begin before the last one had its first token."""
    begin = min(prompt.sent_s for prompt in prompts)
    end = max(prompt.token_s[0] for prompt in prompts)
    return [
        later - earlier
        for stream in streams
        for earlier, later in zip(stream.token_s, stream.token_s[1:], strict=False)
        if later > begin and earlier < end
    ]
