"""How long until a service is asked again. Pure, but for the chance that it is given.

What is down is asked less and less often, so that a monitor is no load for what starts again; jitter keeps monitors
that were started together apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pauses:
    """`jitter`: share by which a pause is longer or shorter. `chance`: evenly between 0 and 1."""

    backoff_max_s: float
    jitter: float
    chance: Callable[[], float]

    def next_s(self, interval_s: float, num_beyond: int) -> float:
        """`num_beyond`: failures since the one by which the service was called down, itself included; 0: not down."""
        doublings = min(num_beyond, 32)  # beyond, it is the longest pause in any case
        longest = max(self.backoff_max_s, interval_s)
        return min(interval_s * 2.0**doublings, longest) * (1 + self.jitter * (2 * self.chance() - 1))

    def first_s(self, interval_s: float) -> float:
        """Before the first check: soon, and not all at once."""
        return interval_s * self.jitter * self.chance()
