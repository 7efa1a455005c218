"""Progress of long copies and downloads as log lines: what, how far, how fast, how long still."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY_S = 2.0


class Progress:
    """Call it with the number of bytes done; it speaks at most every two seconds, and at the end."""

    def __init__(self, what: str, total_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._total_bytes = total_bytes
        self._clock = clock
        self._started = self._told = clock()

    def __call__(self, done_bytes: int) -> None:
        """So many bytes are done."""
        now = self._clock()
        if now - self._told < EVERY_S and done_bytes < self._total_bytes:
            return
        self._told = now
        rate = done_bytes / max(now - self._started, 1e-6)
        fields = {
            "percent": round(100 * done_bytes / max(self._total_bytes, 1), 1),
            "done_bytes": done_bytes,
            "total_bytes": self._total_bytes,
            "bytes_per_s": round(rate),
            "left_s": round((self._total_bytes - done_bytes) / max(rate, 1.0), 1),
        }
        log.info(self._what, extra=fields)
