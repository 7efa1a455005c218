"""The open requests of one model: who waits for which events, and how long answers take. Pure; the keeper's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from serve.engine.types import Delta, Event, Failed, Finished
from serve.errors import RequestError
from serve.pulse import Pace


class Requests:
    """Each has an id and a queue, from its start until its last event or until nobody listens any more."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._queues: dict[int, asyncio.Queue[Event | RequestError]] = {}
        self._began: dict[int, float] = {}  # id -> when the first piece of its answer came
        self._pace = Pace()

    def __len__(self) -> int:
        return len(self._queues)

    def open(self) -> tuple[int, asyncio.Queue[Event | RequestError]]:
        """A new one."""
        request_id, events = next(self._ids), asyncio.Queue[Event | RequestError]()
        self._queues[request_id] = events
        return request_id, events

    def drop(self, request_id: int) -> bool:
        """Nobody listens any more. Was it still open?"""
        self._began.pop(request_id, None)
        return self._queues.pop(request_id, None) is not None

    def deliver(self, event: Event) -> None:
        """To its request, which may have been dropped meanwhile."""
        events = self._queues.get(event.id)
        if events is None:
            return
        events.put_nowait(event)
        if isinstance(event, Delta):
            self._began.setdefault(event.id, self._clock())
        # How long an answer took: neither the wait for a slot nor what was refused says anything about that.
        if isinstance(event, Finished) and event.id in self._began:
            self._pace.ended(self._clock() - self._began[event.id])
        if isinstance(event, Finished | Failed):
            self.drop(event.id)

    def lose(self, error: RequestError) -> None:
        """End all of them with this error."""
        for events in self._queues.values():
            events.put_nowait(error)
        self._queues.clear()
        self._began.clear()

    def retry_after_s(self, num_slots: int) -> int:
        """When one that finds no room should come back."""
        return self._pace.retry_after_s(len(self), num_slots)
