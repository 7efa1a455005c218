"""One worker process from its launch to its end: what it said of itself, and whether it is alive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from serve.engine.types import ModelInfo, Stats
from serve.messages import Message, NotLoaded, Ping, Pong, Progress
from serve.supervision.ports import Options, Worker
from serve.supervision.pulse import Pulse

TICK_S = 0.25


class Link:
    """Late words of an old worker come to its old link, which nobody listens to any more."""

    def __init__(self, options: Options, clock: Callable[[], float]) -> None:
        self._options = options
        self._pulse = Pulse(clock, longest_gap_s=2 * TICK_S)
        self._has_spoken = False  # until then its Python may still be starting
        self._stuck_s = 0.0
        self.worker: Worker | None = None  # the process may take a moment to begin
        self.last_words = ""
        self.load_share = 0.0
        self.memory_bytes = 0
        self.stats = Stats()
        self.has_ended = asyncio.Event()

    def send(self, message: Message) -> None:
        """To the worker, if there is one."""
        if self.worker is not None:
            self.worker.send(message)

    def kill(self) -> None:
        """At once."""
        if self.worker is not None:
            self.worker.kill()

    def look(self) -> str:
        """Ping; returns why the worker must be replaced, if it must: it is silent or stuck."""
        self.send(Ping())
        allowed_s = self._options.silence_s if self._has_spoken else self._options.start_s
        if self._pulse.look() >= allowed_s:
            return f"did not answer for {allowed_s:g} s"
        if self._stuck_s >= self._options.stuck_s:
            return f"was at one step or prompt for {self._stuck_s:.0f} s"
        return ""

    def hear(self, message: Message) -> bool:
        """Is it about the worker itself?"""
        self._has_spoken = True
        self._pulse.beat()
        match message:
            case Pong():
                self._stuck_s, self.stats = message.stuck_s, message.stats
            case Progress():
                self.load_share = message.share
            case NotLoaded():
                self.last_words = message.message
            case _:
                return False
        return True

    async def measure(self, info: ModelInfo | None = None) -> int:
        """What it needs: what it takes now, and what its context has not yet taken since it was made.

        Whatever else has grown since then counts as taken by the context, as long as it is not more than that.
        """
        if self.worker is None:
            return self.memory_bytes
        taken = await self.worker.taken()
        self.memory_bytes = taken.num_bytes
        if info is None or not taken.num_bytes:
            return taken.num_bytes
        used_bytes = max(0, taken.anonymous_bytes - info.anonymous_bytes)
        return taken.num_bytes + max(0, info.lazy_bytes - used_bytes)
