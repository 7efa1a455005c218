"""How often a key may ask, and how much at once. Pure but for the clock that is passed in.

A bucket holds one minute's worth: who was silent may send it all at once, and then as much as flows in.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator

from serve.errors import RateLimitError
from serve.security.keys import Key

_MOST_REMEMBERED = 4096


class Bucket:
    """Tokens that flow in evenly, up to one minute's worth."""

    def __init__(self, rate_per_min: int, now: float) -> None:
        self._level = float(rate_per_min)
        self._seen_at = now

    def take(self, rate_per_min: int, now: float) -> float:
        """Take one: 0; or how many seconds it takes until there is one. A clock that goes back adds nothing."""
        flow = rate_per_min / 60
        self._level = min(float(rate_per_min), self._level + max(now - self._seen_at, 0.0) * flow)
        self._seen_at = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / flow


class Limits:
    """What each key has used. A key that is read again with other limits goes on with what it has used."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[bytes, Bucket] = {}
        self._num_running: dict[bytes, int] = {}

    @contextlib.contextmanager
    def use(self, key: Key) -> Iterator[None]:
        """Count one request from its beginning to the end of its answer, or RateLimitError."""
        num_running = self._num_running.get(key.digest, 0)
        if key.concurrency is not None and num_running >= key.concurrency:
            raise RateLimitError(
                f"the key {key.name!r} has {num_running} requests running: {key.concurrency} are allowed at once"
            )
        self._take(key)
        self._num_running[key.digest] = num_running + 1
        try:
            yield
        finally:
            left = self._num_running[key.digest] - 1
            if left:
                self._num_running[key.digest] = left
            else:
                del self._num_running[key.digest]

    def _take(self, key: Key) -> None:
        if key.rate_per_min is None:
            return
        now = self._clock()
        bucket = self._buckets.get(key.digest)
        if bucket is None:
            if len(self._buckets) >= _MOST_REMEMBERED:  # keys that came and went; those that ask come back, full
                self._buckets.clear()
            bucket = self._buckets[key.digest] = Bucket(key.rate_per_min, now)
        if wait_s := bucket.take(key.rate_per_min, now):
            raise RateLimitError(
                f"the key {key.name!r} has sent too many requests: {key.rate_per_min} a minute are allowed",
                retry_after_s=math.ceil(wait_s),
            )
