"""`python -m bench.server.load PORT STREAMS TOKENS`: so many long streams at once, read and thrown away."""

from __future__ import annotations

import sys

from bench.engine.client import Call, ask
from bench.engine.prompts import GREEDY, completion, words

NUM_PROMPT = 16


def main(port: int, num_streams: int, num_tokens: int) -> None:
    """Ends when they have ended, or when it is killed."""
    prompts = [words(NUM_PROMPT, f"load {index}") for index in range(num_streams)]
    ask(port, [Call(completion(prompt, num_tokens, GREEDY, seed=index)) for index, prompt in enumerate(prompts)])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
