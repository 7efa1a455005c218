"""The open requests of one model: who waits for what, and how long answers take. Pure; the keeper's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from serve.engine.types import Delta, Embedded, Event, Failed, Finished
from serve.errors import RequestError
from serve.messages import Detokenized, Prepared, Rendered, Reply, Tokenized
from serve.pulse import Pace

Told = Event | Prepared | Reply


class Inbox:
    """What came and was not taken yet. Whoever takes gets all of it at once, so a slow reader wakes up once."""

    def __init__(self) -> None:
        self._items: list[Told] = []
        self._error: RequestError | None = None
        self._waiter: asyncio.Future[None] | None = None

    def put(self, item: Told) -> None:
        """More came."""
        self._items.append(item)
        self._wake()

    def break_with(self, error: RequestError) -> None:
        """Nothing more comes."""
        self._error = error
        self._wake()

    async def take(self) -> list[Told]:
        """Everything that came, as soon as there is anything."""
        while not self._items and self._error is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self.drain()

    def drain(self) -> list[Told]:
        """Everything that came. After the last of it, raises the error that ended it."""
        if not self._items and self._error is not None:
            raise self._error
        items, self._items = self._items, []
        return items

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Requests:
    """Each has an id and an inbox, from its start until its last event or until nobody listens any more."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._inboxes: dict[int, Inbox] = {}
        self._began: dict[int, float] = {}  # id -> when the first piece of its answer came
        self._pace = Pace()

    def __len__(self) -> int:
        return len(self._inboxes)

    def open(self, inbox: Inbox) -> int:
        """A new one. Several may share an inbox."""
        request_id = next(self._ids)
        self._inboxes[request_id] = inbox
        return request_id

    def drop(self, request_id: int) -> bool:
        """Nobody listens any more. Was it still open?"""
        self._began.pop(request_id, None)
        return self._inboxes.pop(request_id, None) is not None

    def deliver(self, told: Told) -> None:
        """To its request, which may have been dropped meanwhile."""
        inbox = self._inboxes.get(told.id)
        if inbox is None:
            return
        inbox.put(told)
        if isinstance(told, Delta):
            self._began.setdefault(told.id, self._clock())
        elif is_last(told):
            # How long an answer took: neither the wait for a slot nor what was refused says anything about that.
            if isinstance(told, Finished) and told.id in self._began:
                self._pace.ended(self._clock() - self._began[told.id])
            self.drop(told.id)

    def lose(self, error: RequestError) -> None:
        """End all of them with this error."""
        for inbox in self._inboxes.values():
            inbox.break_with(error)
        self._inboxes.clear()
        self._began.clear()

    def retry_after_s(self, num_slots: int) -> int:
        """When one that finds no room should come back."""
        return self._pace.retry_after_s(len(self), num_slots)


def is_last(told: Told) -> bool:
    """Does nothing more come for this request?"""
    if isinstance(told, Finished):
        return told.is_last
    return isinstance(told, Failed | Embedded | Tokenized | Detokenized | Rendered)
