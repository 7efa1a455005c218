"""Guesses of the next tokens: what followed the last time when the text read like this (prompt lookup). Pure.

A guess costs a row of the next step and is checked there: what comes out is what would have come out without it.
Source: Saxena, Prompt Lookup Decoding (2023); llama.cpp's ngram-simple. O(1) per token.
"""

from __future__ import annotations

from array import array

NGRAM_TOKENS = 3
# Below this share of right guesses a sequence stops guessing for a while: each wrong one makes the step longer.
MIN_ACCEPTED = 0.25
PAUSE_TOKENS = 32


class NgramDraft:
    """The guesses of one sequence."""

    __slots__ = ("_after", "_num_indexed", "_paused_until", "_rate", "most", "num_accepted", "num_proposed")

    def __init__(self, most: int) -> None:
        self.most = most
        self._after: dict[tuple[int, ...], int] = {}  # the last n tokens -> the position after their latest place
        self._num_indexed = NGRAM_TOKENS - 1
        self._rate = 1.0
        self._paused_until = 0
        self.num_proposed = self.num_accepted = 0

    def propose(self, tokens: array[int], most: int) -> tuple[int, ...]:
        """What followed these last tokens before; nothing when they are new."""
        num = len(tokens)
        for end in range(
            self._num_indexed + 1, num
        ):  # the last n tokens themselves come in when something follows them
            self._after[tuple(tokens[end - NGRAM_TOKENS : end])] = end
        self._num_indexed = max(self._num_indexed, num - 1)
        most = min(most, self.most)
        if most < 1 or num < self._paused_until:
            return ()
        start = self._after.get(tuple(tokens[num - NGRAM_TOKENS : num]))
        return () if start is None else tuple(tokens[start : start + most])

    def learn(self, num_proposed: int, num_accepted: int, num_tokens: int) -> None:
        """How good the last guess was, at this length of the sequence."""
        self.num_proposed, self.num_accepted = self.num_proposed + num_proposed, self.num_accepted + num_accepted
        self._rate += 0.25 * (num_accepted / num_proposed - self._rate)
        if self._rate < MIN_ACCEPTED:
            self._rate, self._paused_until = 2 * MIN_ACCEPTED, num_tokens + PAUSE_TOKENS
