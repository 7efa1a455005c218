"""How fast bytes come, and when they will all be there. By a clock that does not jump."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

WINDOW_S = 8.0


class Speed:
    """Of the last seconds: what came before says little about a link, and what was there at the start nothing."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def saw(self, done_bytes: int) -> None:
        """So many bytes are here now. Fewer than before: it began anew."""
        if self._seen and done_bytes < self._seen[-1][1]:
            self._seen.clear()
        now = self._clock()
        self._seen.append((now, done_bytes))
        while len(self._seen) > 2 and now - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()

    @property
    def bytes_per_s(self) -> float:
        """0 while that is not known."""
        if len(self._seen) < 2:
            return 0.0
        (began, first), (ended, last) = self._seen[0], self._seen[-1]
        return (last - first) / (ended - began) if ended > began else 0.0

    def eta_s(self, total_bytes: int) -> float:
        """Seconds until all are there; 0 while that is not known."""
        rate = self.bytes_per_s
        return max(total_bytes - self._seen[-1][1], 0) / rate if rate > 0 else 0.0
