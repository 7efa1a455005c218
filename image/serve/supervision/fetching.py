"""Has weights pulled that are not there when somebody asks for their model, each once however many ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from serve.errors import PullingError, RequestError
from serve.models import ModelEntry
from serve.supervision.ports import Absent, Puller

# After a pull that failed, requests get its error for so long: the hub is not asked again by each of them.
RETRY_S = 10.0
_COME_BACK_S = 5


class Fetcher:
    """All pulls that requests began."""

    def __init__(self, absent: Absent, clock: Callable[[], float]) -> None:
        self.puller: Puller | None = None
        self._absent = absent
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, tuple[float, RequestError]] = {}

    def can_fetch(self, entry: ModelEntry) -> bool:
        """May a request have it pulled?"""
        return entry.source is not None and self.puller is not None and self._absent != "refuse"

    def is_fetching(self, entry: ModelEntry) -> bool:
        """Is it on its way?"""
        return entry.id in self._running

    async def fetch(self, entry: ModelEntry) -> None:
        """Returns when the file is there. PullingError when the request is not to wait; else what a pull ends with."""
        task = self._running.get(entry.id) or self._start(entry)
        if self._absent == "accept":
            raise pulling(entry)
        await asyncio.shield(task)

    def _start(self, entry: ModelEntry) -> asyncio.Task[None]:
        failed_at, error = self._failed.get(entry.id, (0.0, None))
        if error is not None and self._clock() < failed_at + RETRY_S:
            raise error
        task = asyncio.create_task(self._pull(entry))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, also when nobody waits
        self._running[entry.id] = task
        return task

    async def _pull(self, entry: ModelEntry) -> None:
        assert self.puller is not None
        assert entry.source is not None
        try:
            await self.puller.pull(entry.source, entry.file)
        except RequestError as error:
            self._failed[entry.id] = (self._clock(), error)
            raise
        finally:
            del self._running[entry.id]


def pulling(entry: ModelEntry) -> PullingError:
    """Nothing is wrong, but it takes time."""
    return PullingError(f"the weights of model {entry.id!r} are being pulled", retry_after_s=_COME_BACK_S)
