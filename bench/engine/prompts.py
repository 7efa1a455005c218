"""What the clients ask: words that are one token each in every vocabulary, so that prompts have an exact length."""

from __future__ import annotations

import random
from typing import Any

from bench.engine.client import post
from bench.engine.vocabulary import WORDS

MODEL = "bench"
GREEDY: dict[str, Any] = {"temperature": 0}
DEFAULT_CHAIN: dict[str, Any] = {"temperature": 0.8, "top_k": 40, "top_p": 0.95, "min_p": 0.05}
"""llama.cpp's own defaults, sent so that nobody has to guess."""


def words(num: int, seed: str) -> str:
    """So many tokens; no two seeds share a beginning worth keeping, and the same seed says the same."""
    return " ".join(random.Random(seed).choices(WORDS, k=num))  # noqa: S311  nothing is kept secret with it


def completion(prompt: str, num_tokens: int, sampling: dict[str, Any], *, seed: int = 1, stream: bool = True) -> bytes:
    """A request for exactly so many tokens, as OpenAI's clients would send it."""
    body = {"model": MODEL, "prompt": prompt, "max_tokens": num_tokens, "ignore_eos": True, "seed": seed, **sampling}
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return post("/v1/completions", body)
