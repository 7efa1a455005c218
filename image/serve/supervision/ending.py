"""How a worker ends that is not wanted any more: its requests first, then its state is written, then by force."""

from __future__ import annotations

from collections.abc import Callable

from serve.messages import Stop
from serve.supervision.link import Link

STOP_S = 20.0  # how long a worker that was told to end may write its state


class Ending:
    """Of one worker. Call `step` often."""

    def __init__(self, link: Link, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock
        self._drain_until = self._stop_until = float("inf")
        self._was_told = False

    def within(self, drain_s: float) -> None:
        """Its requests may go on for so long at the most."""
        self._drain_until = min(self._drain_until, self._clock() + drain_s)

    def step(self, num_requests: int) -> None:
        """What is due now."""
        now = self._clock()
        if self._was_told:
            if now >= self._stop_until:
                self._link.kill()
        elif not num_requests or now >= self._drain_until:
            self._was_told, self._stop_until = True, now + STOP_S
            self._link.send(Stop())
