"""Tests that are coroutines, each in an event loop of its own."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine


def looped(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    """The test as pytest calls it."""

    @functools.wraps(test)
    def run() -> None:
        asyncio.run(test())

    return run
