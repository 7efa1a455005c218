"""Histories for the event loop: SQLite has a thread of its own, and a user's requests come one after the other."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from serve.errors import OverloadedError, UnavailableError
from serve.history.store import Store
from serve.history.types import Bounds, Owner, Turn

log = logging.getLogger(__name__)

MAX_IN_LINE = 16  # requests of one user at once
MEMORY_BYTES = 32 * 1024**2  # of all, where there is no file: it is the memory of a process that has other uses for it
Result = TypeVar("Result")


@dataclass(slots=True)
class _Line:
    """A user's requests: one talks, the others wait."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    num_requests: int = 0
    num_clears: int = 0


class History:
    """All histories of this server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lines: dict[Owner, _Line] = {}
        self._thread = ThreadPoolExecutor(1, "history")  # starts with the first call

    @asynccontextmanager
    async def talk(self, owner: Owner) -> AsyncIterator[Talk]:
        """One request of a user, as soon as those before it have ended."""
        line = self._lines.setdefault(owner, _Line())
        if line.num_requests >= MAX_IN_LINE:
            raise OverloadedError(f"user {owner.user!r} has {line.num_requests} requests here: {MAX_IN_LINE} may be")
        line.num_requests += 1
        try:
            async with line.lock:
                yield Talk(self, owner, line, line.num_clears)
        finally:
            line.num_requests -= 1
            if not line.num_requests:
                del self._lines[owner]

    async def turns(self, owner: Owner) -> list[Turn]:
        """A user's, the oldest first. Does not wait for a request that is being answered."""
        return await self._asked(partial(self._store.turns, owner))

    async def clear(self, owner: Owner) -> int:
        """Forget a user, also what is being answered now; how many turns there were."""
        if line := self._lines.get(owner):
            line.num_clears += 1
        return await self._asked(partial(self._store.clear, owner))

    async def append(self, owner: Owner, turn: Turn) -> bool:
        """On the disk when this returns. False: it can't be written; the answer is worth more than its record."""
        try:
            await self._done(partial(self._store.append, owner, turn))
        except (OSError, sqlite3.Error) as error:
            log.error("a turn of the history was not kept: %s", error)
            return False
        return True

    async def _asked(self, work: Callable[[], Result]) -> Result:
        try:
            return await self._done(work)
        except (OSError, sqlite3.Error) as error:
            log.error("the history can't be used: %s", error)
            raise UnavailableError("the history can't be used just now: try again") from error

    async def _done(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """What was begun is written first."""
        self._thread.shutdown()
        self._store.close()


@dataclass(frozen=True, slots=True)
class Talk:
    """A user's request while it has the turn."""

    _history: History
    _owner: Owner
    _line: _Line
    _num_clears: int

    async def turns(self) -> list[Turn]:
        """What was said before."""
        return await self._history.turns(self._owner)

    async def add(self, turn: Turn) -> bool:
        """Keep this one; whether it is kept. One that began before its user wanted to be forgotten is not."""
        if self._line.num_clears != self._num_clears:
            return False
        return await self._history.append(self._owner, turn)


def open_history(
    path: Path | None = None, bounds: Bounds | None = None, clock: Callable[[], float] = time.time
) -> History:
    """In this file, which is opened now so that a wrong place is known at the start; without one, in memory."""
    bounds = bounds or Bounds()
    if path is None:
        smaller = replace(bounds, total_bytes=min(bounds.total_bytes, MEMORY_BYTES))
        return History(Store(None, smaller, clock))
    store = Store(path, bounds, clock)
    store.open()
    return History(store)
