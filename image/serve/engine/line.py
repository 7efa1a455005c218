"""Who waits, in which order, and until when. Pure; time is told.

Higher priority first, then first come, first served. Who fits may pass who does not, but not for ever: after being
passed MAX_PASSED times, a sequence holds the line until it has its turn.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from serve.engine.sequence import Sequence
from serve.engine.types import Request

# The line keeps moving, and the big request does not wait for ever.
MAX_PASSED = 16


class Line:
    """The waiting sequences, bounded."""

    def __init__(self, max_waiting: int) -> None:
        self.max_waiting = max_waiting
        self._waiting: list[Sequence] = []
        self._next_deadline_s = float("inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Sequence]:
        return iter(tuple(self._waiting))

    def add(self, sequence: Sequence) -> None:
        """Behind all of the same priority."""
        bisect.insort(self._waiting, sequence, key=lambda each: -each.request.priority)
        self._next_deadline_s = min(self._next_deadline_s, sequence.deadline_s)

    def remove(self, sequence: Sequence) -> None:
        """It runs, or gave up."""
        self._waiting.remove(sequence)

    def take_late(self, now_s: float) -> list[Sequence]:
        """Remove and return those whose time is over."""
        if now_s < self._next_deadline_s:
            return []
        late = [each for each in self._waiting if each.deadline_s <= now_s]
        self._waiting = [each for each in self._waiting if each.deadline_s > now_s]
        self._next_deadline_s = min((each.deadline_s for each in self._waiting), default=float("inf"))
        return late

    def let_wait(self, request: Request) -> None:
        """One of its choices has begun: the answer is on its way, and the others wait as long as they must."""
        for each in self._waiting:
            if each.request is request:
                each.deadline_s = float("inf")
