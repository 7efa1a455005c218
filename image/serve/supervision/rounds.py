"""Regular looks at what may be slow: the models directory, and what workers take. None of them holds up the others.

A network file system that hangs keeps the one look that hangs, and nothing else: workers are looked after all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from functools import partial
from typing import Any

from serve.shelf.discovery import SCAN_S
from serve.supervision.keeper import Keeper
from serve.supervision.ports import Disk, Options

MEASURE_S = 5.0
MEASURE_SHARE = 0.005
"""Of the time at most: the kernel walks all pages of a process to say what it takes, 10 ms for each GiB."""
_PATIENCE_S = 0.25  # for what is usually there at once


class Rounds:
    """Who is looked at when."""

    def __init__(self, disk: Disk, options: Options, clock: Callable[[], float]) -> None:
        self._disk = disk
        self._options = options
        self._clock = clock
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}
        self._next: dict[Hashable, float] = {}
        self.is_fetching: Callable[[Keeper], bool] = lambda _: False

    async def go(self, keepers: Sequence[Keeper], look_at_folder: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """One round: whatever is due begins, and what does not take long has ended on return."""
        begun = [self._begin("folder", SCAN_S, look_at_folder)]
        for keeper in keepers:
            if keeper.is_serving:
                begun.append(self._begin((keeper, "memory"), MEASURE_S, partial(self._measure, keeper)))
            elif not keeper.life.is_resident and not (keeper.is_found and not keeper.wish.is_on):
                every_s = 0 if keeper.wish.is_on else SCAN_S
                begun.append(self._begin((keeper, "weights"), every_s, partial(self.look, keeper)))
        waited = [task for task in begun if task is not None]
        if waited:
            await asyncio.wait(waited, timeout=_PATIENCE_S)
        for key, task in list(self._tasks.items()):
            if task.done():
                del self._tasks[key]
                task.result()  # a bug in here ends the server, as anywhere
        self._forget(keepers)

    async def _measure(self, keeper: Keeper) -> None:
        """What its worker takes."""
        began_s = self._clock()
        await keeper.measure()
        took_s = self._clock() - began_s
        self._next[keeper, "memory"] = began_s + max(MEASURE_S, took_s / MEASURE_SHARE)

    async def look(self, keeper: Keeper) -> None:
        """Are its weights there?"""
        file = keeper.entry.file
        path = self._options.models_dir / file
        try:
            seen = await self._disk.seen(file)
            is_pulled = seen is None and (self.is_fetching(keeper) or await self._disk.is_pulling(file))
        except OSError as error:  # a network file system may be back at the next look
            keeper.missing(f"the weights file {path} can't be looked at: {error.strerror or error}")
            return
        if seen is not None:
            keeper.found(seen)
        elif is_pulled:
            keeper.missing(f"{file} is being written to {self._options.models_dir}", is_pulled=True)
        else:
            keeper.missing(f"the weights file {path} is missing")

    def _begin(
        self, key: Hashable, every_s: float, look: Callable[[], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None] | None:
        now = self._clock()
        if key in self._tasks or now < self._next.get(key, now):
            return None
        self._next[key] = now + every_s
        self._tasks[key] = task = asyncio.create_task(look())
        return task

    def _forget(self, keepers: Sequence[Keeper]) -> None:
        """When models that have gone would have been looked at."""
        known = {"folder", *((keeper, what) for keeper in keepers for what in ("memory", "weights"))}
        for key in self._next.keys() - known:
            del self._next[key]
