"""Some requests to one model that are one request to its client: several prompts, texts to embed, documents to rank."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, Self

from serve.engine.types import Failed
from serve.errors import RequestError
from serve.messages import GenerateRequest
from serve.supervision.requests import Inbox, Told, is_last

Batch = list[tuple[int, Told]]


class Target(Protocol):
    """Where requests go. keeper.py has the real one."""

    def start(self, request: GenerateRequest, inbox: Inbox) -> int:
        """Send a request, or say why not. What is told of it comes into the inbox."""

    def finish(self, request_id: int) -> None:
        """Nobody listens any more."""

    def error(self, failed: Failed) -> RequestError:
        """What its client is told of a failure."""


class Generation:
    """Starts requests, at most `window` at a time, so that a long list does not fill the queue for everyone else.

    Use as a context manager: however it is left, nothing of it runs on.
    """

    def __init__(self, target: Target, requests: Sequence[GenerateRequest], window: int) -> None:
        self._target = target
        self._requests = requests
        self._window = window
        self._inbox = Inbox()
        self._open: dict[int, int] = {}  # id -> index in requests
        self._num_started = 0

    def __enter__(self) -> Self:
        try:
            self._start_more()
        except RequestError:
            self._end_all()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end_all()

    async def batches(self) -> AsyncIterator[Batch]:
        """What is told of them, each with the index of its request; all that came since the last look at once."""
        while self._open:
            batch: Batch = []
            for told in await self._inbox.take():
                index = self._open.get(told.id)
                if index is None:
                    continue
                if isinstance(told, Failed):
                    raise self._target.error(told)
                if is_last(told):
                    del self._open[told.id]
                batch.append((index, told))
            self._start_more()
            yield batch

    def _start_more(self) -> None:
        while self._num_started < len(self._requests) and len(self._open) < self._window:
            request_id = self._target.start(self._requests[self._num_started], self._inbox)
            self._open[request_id] = self._num_started
            self._num_started += 1

    def _end_all(self) -> None:
        for request_id in self._open:
            self._target.finish(request_id)
        self._open.clear()
