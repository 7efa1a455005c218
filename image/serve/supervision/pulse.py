"""Two small measures of a worker: how long it has been silent, and how fast it gets through requests. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

MAX_RETRY_AFTER_S = 60


class Pulse:
    """How long nothing was heard, not counting time in which the listener itself did not run.

    Without that, a stopped machine or a starved HTTP process would take every worker for dead on waking up.
    """

    def __init__(self, clock: Callable[[], float], *, longest_gap_s: float) -> None:
        self._clock = clock
        self._longest_gap_s = longest_gap_s
        self.beat()

    def beat(self) -> None:
        """Something was heard."""
        self._last_look = self._clock()
        self.silent_s = 0.0

    def look(self) -> float:
        """Call often. Returns how long nothing was heard."""
        now = self._clock()
        self.silent_s += min(now - self._last_look, self._longest_gap_s)
        self._last_look = now
        return self.silent_s


class Pace:
    """How long requests hold a slot: a mean that forgets."""

    def __init__(self) -> None:
        self._mean_s: float | None = None

    def ended(self, duration_s: float) -> None:
        """One request held its slot for so long."""
        self._mean_s = duration_s if self._mean_s is None else 0.9 * self._mean_s + 0.1 * duration_s

    def retry_after_s(self, num_requests: int, num_slots: int) -> int:
        """When those that wait now should have started: all slots together end one request every mean / slots."""
        if self._mean_s is None:
            return 1
        wait_s = self._mean_s / num_slots * (num_requests - num_slots)
        return max(1, min(MAX_RETRY_AFTER_S, math.ceil(wait_s)))
