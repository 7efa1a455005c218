"""What the engine counts while it runs, and the value it makes of it."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace

from serve.engine.histogram import Histogram
from serve.engine.sequence import Sequence
from serve.engine.types import Stats

# Prometheus' usual steps, finer below a second: a token takes milliseconds, a first one may wait in line.
FIRST_TOKEN_BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
NEXT_TOKEN_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)


class Tally:
    """A histogram that grows."""

    __slots__ = ("_bounds_s", "_counts", "_sum_s")

    def __init__(self, bounds_s: tuple[float, ...]) -> None:
        self._bounds_s = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)
        self._sum_s = 0.0

    def add(self, value_s: float) -> None:
        """One more."""
        self._counts[bisect_left(self._bounds_s, value_s)] += 1
        self._sum_s += value_s

    def histogram(self) -> Histogram:
        """As a value."""
        return Histogram(self._bounds_s, tuple(self._counts), self._sum_s)


class Counters:
    """Totals since the engine was made: attributes to add to, because a new value per step would cost more."""

    __slots__ = (
        "accepted_draft_tokens",
        "cached_prompt_tokens",
        "decode_s",
        "draft_tokens",
        "first_token",
        "generated_tokens",
        "next_token",
        "num_steps",
        "plan_s",
        "prompt_tokens",
        "sample_s",
        "step_s",
    )

    def __init__(self) -> None:
        self.num_steps = self.prompt_tokens = self.cached_prompt_tokens = self.generated_tokens = 0
        self.draft_tokens = self.accepted_draft_tokens = 0
        self.plan_s = self.decode_s = self.sample_s = self.step_s = 0.0
        self.first_token, self.next_token = Tally(FIRST_TOKEN_BOUNDS_S), Tally(NEXT_TOKEN_BOUNDS_S)

    def note_token(self, sequence: Sequence, now_s: float) -> None:
        """It has one more."""
        last_s, sequence.last_token_s = sequence.last_token_s, now_s
        self.generated_tokens += 1
        if last_s is None:
            self.first_token.add(now_s - sequence.arrived_s)
        else:
            self.next_token.add(now_s - last_s)

    def add_to(self, stats: Stats) -> Stats:
        """What is so now, and what was counted until now."""
        return replace(
            stats,
            num_steps=self.num_steps,
            prompt_tokens=self.prompt_tokens,
            cached_prompt_tokens=self.cached_prompt_tokens,
            generated_tokens=self.generated_tokens,
            draft_tokens=self.draft_tokens,
            accepted_draft_tokens=self.accepted_draft_tokens,
            plan_s=self.plan_s,
            decode_s=self.decode_s,
            sample_s=self.sample_s,
            step_s=self.step_s,
            first_token=self.first_token.histogram(),
            next_token=self.next_token.histogram(),
        )
