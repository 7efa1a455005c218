"""Time, so that tests have their own."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the monitor asks of time."""

    def now_s(self) -> float:
        """That only ever grows."""

    def epoch_s(self) -> float:
        """As calendars have it."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's."""

    def now_s(self) -> float:
        """Monotonic."""
        return time.monotonic()

    def epoch_s(self) -> float:
        """Since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Others go on meanwhile."""
        await asyncio.sleep(seconds)
