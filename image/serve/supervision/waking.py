"""Whether one model is wanted in memory, who waits for it, and how long it may lie idle. Knows no worker and no disk.

Everybody who wants a model that is not there waits for the same arrival. It comes once, or not: then each is told why,
and whoever comes later wants it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from serve.errors import RequestError
from serve.models import ModelEntry


class Wish:
    """The wish for one model."""

    def __init__(self, entry: ModelEntry, *, idle_unload_s: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._default_idle_s = idle_unload_s
        self.entry = entry
        self.is_on = entry.load == "preload"
        # May a request wait for it? One that is loaded at the start is awaited by probes, not by requests, until it was
        # unloaded for the first time.
        self.by_demand = entry.load == "on_demand"
        self.num_waiting = 0
        self.last_used = clock()
        self._keep_alive_s: float | None = None
        self._arrival: asyncio.Future[None] | None = None

    # ---- wanting ----

    def want(self) -> None:
        """Somebody asks for it."""
        self.is_on = self.by_demand = True

    def unwant(self) -> None:
        """Nobody needs it until the next request."""
        self.is_on, self.by_demand, self._keep_alive_s = False, True, None

    # ---- waiting ----

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """One more waits: until it has left this block nothing takes the model away from it."""
        self.num_waiting += 1
        try:
            yield
        finally:
            self.num_waiting -= 1

    async def arrival(self) -> None:
        """Wait until the model serves, or raise why it does not."""
        if self._arrival is None:
            self._arrival = asyncio.get_running_loop().create_future()
            self._arrival.add_done_callback(_read)
        await asyncio.shield(self._arrival)

    def arrive(self) -> None:
        """It serves. What is to be there from the start is kept up again from now on, whoever had it loaded."""
        self.used()
        self.by_demand = self.entry.load == "on_demand"
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.set_result(None)

    def fail(self, error: RequestError) -> None:
        """It does not come: tell those who wait."""
        arrival, self._arrival = self._arrival, None
        if arrival is not None and not arrival.done():
            arrival.set_exception(error)

    # ---- lying idle ----

    def used(self) -> None:
        """Something was asked of it, or has just ended."""
        self.last_used = self._clock()

    def keep_alive(self, seconds: float | None) -> None:
        """Until it is unloaded: stay for so long without a request; less than 0 for ever; None as it is set."""
        self._keep_alive_s = seconds

    @property
    def is_pinned(self) -> bool:
        """Does nothing but an order unload it?"""
        if self._keep_alive_s is not None:
            return self._keep_alive_s < 0
        return self.entry.pinned

    @property
    def idle_s(self) -> float:
        """How long nobody asked."""
        return max(0.0, self._clock() - self.last_used)

    @property
    def unload_in_s(self) -> float | None:
        """When it has been idle for long enough; None: never."""
        if self.is_pinned:
            return None
        if self._keep_alive_s is not None:
            return self._keep_alive_s - self.idle_s
        allowed_s = self.entry.idle_unload_s
        if allowed_s is None:
            allowed_s = 0 if self.entry.load == "preload" else self._default_idle_s
        return allowed_s - self.idle_s if allowed_s else None


def _read(arrival: asyncio.Future[None]) -> None:
    """Its error counts as seen, also when everybody who waited for it has left."""
    if not arrival.cancelled():
        arrival.exception()
