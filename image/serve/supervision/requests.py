"""The open requests of one model: who waits for what, and how long answers take. Pure; the keeper's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass

from serve.engine.types import Accepted, Delta, Embedded, Event, Failed, Finished, PromptRead
from serve.errors import RequestError
from serve.messages import Message, Prepared, Reply
from serve.supervision.pulse import Pace

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


@dataclass(slots=True)
class _Open:
    inbox: Inbox
    message: Message | None = None  # what was asked, as long as it can be asked again
    told: frozenset[type] = frozenset()  # what may be told again when it is, and then is not
    began: float | None = None  # when the first piece of its answer came
    was_replayed: bool = False


class Requests:
    """Each has an id and an inbox, from its start until its last event or until nobody listens any more."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ids = itertools.count(1)
        self._open: dict[int, _Open] = {}
        self._pace = Pace()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, inbox: Inbox) -> int:
        """A new one. Several may share an inbox."""
        request_id = next(self._ids)
        self._open[request_id] = _Open(inbox)
        return request_id

    def asks(self, request_id: int, message: Message) -> None:
        """This is how it is asked."""
        self._open[request_id].message = message

    def drop(self, request_id: int) -> bool:
        """Nobody listens any more. Was it still open?"""
        return self._open.pop(request_id, None) is not None

    def deliver(self, told: Told) -> None:
        """To its request, which may have been dropped meanwhile."""
        request = self._open.get(told.id)
        if request is None:
            return
        if isinstance(told, Delta):
            if request.began is None:
                request.began, request.message = self._clock(), None
        elif isinstance(told, Accepted | Prepared):
            if type(told) in request.told:
                return
            request.told |= {type(told)}
        elif not isinstance(told, PromptRead):  # that it was read once is no part of the answer
            request.message = None
        request.inbox.put(told)
        if is_last(told):
            # How long an answer took: neither the wait for a slot nor what was refused says anything about that.
            if isinstance(told, Finished) and request.began is not None:
                self._pace.ended(self._clock() - request.began)
            self.drop(told.id)

    def lose(self, error: RequestError, *, keeps_unbegun: bool = False) -> None:
        """End all of them with this error; or keep those of which nothing was told yet, and that were not kept before:
        one of them may be what the worker died of.
        """
        for request_id, request in list(self._open.items()):
            if keeps_unbegun and request.message is not None and not request.was_replayed:
                continue
            request.inbox.break_with(error)
            del self._open[request_id]

    def replay(self) -> list[Message]:
        """What is to be asked again, of a new worker."""
        kept = [request for request in self._open.values() if request.message is not None]
        for request in kept:
            request.was_replayed = True
        return [request.message for request in kept if request.message is not None]

    def retry_after_s(self, num_slots: int) -> int:
        """When one that finds no room should come back."""
        return self._pace.retry_after_s(len(self), num_slots)


def is_last(told: Told) -> bool:
    """Does nothing more come for this request?"""
    if isinstance(told, Finished):
        return told.is_last
    return isinstance(told, Failed | Embedded | Reply)
