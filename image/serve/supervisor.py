"""All models of this server: which keeper gets a request, and whether the server as a whole is ready.

Time, chance and processes are passed in: the tests drive all of it without a process and without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from serve.engine.types import Event, Failed, Finished
from serve.errors import DrainingError, RequestError, from_engine
from serve.keeper import TICK_S, Keeper
from serve.lifecycle import Lifecycle, State
from serve.messages import GenerateRequest
from serve.models import Models
from serve.ports import Disk, Launcher, Options, Status


class Supervisor:
    """All models of this server."""

    def __init__(
        self,
        models: Models,
        *,
        launcher: Launcher,
        disk: Disk,
        options: Options,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self.models = models
        self.is_draining = False
        self._clock = clock
        self._keepers = {
            entry.id: Keeper(
                entry,
                launcher=launcher,
                disk=disk,
                options=options,
                clock=clock,
                lifecycle=Lifecycle(clock=clock, jitter=jitter),
            )
            for entry in models.models
        }

    @property
    def is_ready(self) -> bool:
        """Is at least one model served, and has no drain begun?"""
        return not self.is_draining and any(s.state is State.SERVING for s in self.statuses())

    @property
    def has_started(self) -> bool:
        """Is no model in its first load any more? A file that is not there yet is nothing to wait for."""
        return all(s.first_load_ended or s.state in (State.ABSENT, State.PULLING) for s in self.statuses())

    @property
    def num_requests(self) -> int:
        """Requests on their way, in all models."""
        return sum(s.num_requests for s in self.statuses())

    def statuses(self) -> list[Status]:
        """Every model, in the order of models.json."""
        return [keeper.status() for keeper in self._keepers.values()]

    @contextlib.asynccontextmanager
    async def generation(self, model: str, request: GenerateRequest) -> AsyncIterator[AsyncIterator[Event]]:
        """One request: the events of its sequence. Leaving the block early cancels it."""
        keeper = self._keepers[self.models.find(model).id]
        if self.is_draining:
            raise DrainingError("this server is about to stop: try again, another one will answer")
        request_id, events = keeper.start(request)
        try:
            yield _until_end(events)
        finally:
            keeper.finish(request_id)

    async def run(self) -> None:
        """Look after the workers for ever."""
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """One look at each model."""
        for keeper in self._keepers.values():
            await keeper.tick(stopping=self.is_draining)

    def drain(self) -> None:
        """Take no new requests; the running ones go on."""
        self.is_draining = True

    async def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait for the running requests; returns whether all ended in time."""
        deadline = self._clock() + timeout_s
        while self.num_requests and self._clock() < deadline:
            await asyncio.sleep(0.02)
        return self.num_requests == 0

    async def stop(self, timeout_s: float) -> None:
        """End all workers, those that don't end in time by force."""
        self.drain()
        deadline = self._clock() + timeout_s
        for keeper in self._keepers.values():
            keeper.stop()
        while any(keeper.has_worker for keeper in self._keepers.values()) and self._clock() < deadline:
            await asyncio.sleep(0.02)
        for keeper in self._keepers.values():
            keeper.kill()


async def _until_end(events: asyncio.Queue[Event | RequestError]) -> AsyncIterator[Event]:
    while True:
        event = await events.get()
        if isinstance(event, RequestError):
            raise event
        if isinstance(event, Failed):
            raise from_engine(event.kind, event.message)
        yield event
        if isinstance(event, Finished):
            return
