"""All models of this server: which keeper gets a request, and whether the server as a whole is ready.

Time, chance and processes are passed in: the tests drive all of it without a process and without waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from serve.engine.types import Failed
from serve.errors import DrainingError
from serve.generation import Generation
from serve.keeper import TICK_S, Keeper
from serve.lifecycle import Lifecycle, State
from serve.messages import Detokenized, GenerateRequest, Question, Rendered, Reply, Tokenized
from serve.models import ModelEntry, Models
from serve.ports import Disk, Launcher, Options, Status
from serve.requests import Inbox


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
        self.is_draining = False  # not ready any more; balancers should know
        self._is_closed = False  # to new requests, too
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

    async def wake(self, model: str | None) -> ModelEntry:
        """Return when a model serves: load it, or pull and load it, where it is one to be loaded by its first request.

        ModelNotFoundError, ModelNotReadyError (with NoRoomError and PullingError), DrainingError, and what a pull can
        end with.
        """
        return self.models.find(model)

    async def load(self, model: str) -> ModelEntry:
        """Load a model, also one that is not to be loaded by requests, and wait until it serves."""
        return await self.wake(model)

    async def unload(self, model: str) -> ModelEntry:
        """Let its requests end, then its worker; returns when its memory is free. It is loaded again when asked for."""
        return self.models.find(model)

    async def discover(self, whole: str | None = None) -> list[str]:
        """Look at the models directory now; returns the ids of models that were not there before.

        `whole` is a file that is known to be whole: it is taken at once, also where nothing else is discovered.
        """
        return [] if whole is None else []

    async def remove(self, name: str) -> None:
        """Forget a copied name; unload a discovered model and delete its files. ConflictError for a configured one."""

    async def copy(self, name: str, new_name: str) -> None:
        """Give a model one more name, also over restarts. ConflictError if another model has it."""

    def keep_alive(self, name: str, seconds: float | None) -> None:
        """How long a model stays loaded without a request: 0 not at all, less than 0 for ever, None as it is set."""

    def generation(self, model: str | None, requests: Sequence[GenerateRequest]) -> Generation:
        """Requests that are one to their client. Leaving its block early cancels them."""
        entry = self.models.find(model)
        self._check_not_draining()
        return Generation(self._keepers[entry.id], requests, window=entry.num_slots)

    async def ask(self, model: str | None, question: Callable[[int], Question]) -> Reply:
        """One question about text and tokens; the worker answers it without the engine."""
        keeper = self._keepers[(await self.wake(model)).id]
        self._check_not_draining()
        inbox = Inbox()
        request_id = keeper.ask(question, inbox)
        try:
            (told,) = await inbox.take()
        finally:
            keeper.finish(request_id)
        if isinstance(told, Failed):
            raise keeper.error(told)
        assert isinstance(told, Tokenized | Detokenized | Rendered)
        return told

    def set_adapters(self, entry: ModelEntry, scales: Mapping[int, float]) -> None:
        """How much of each adapter of a model a request gets that does not say; of those that are not named, none."""
        adapters = tuple(replace(each, scale=scales.get(index, 0.0)) for index, each in enumerate(entry.adapters))
        changed = (replace(each, adapters=adapters) if each.id == entry.id else each for each in self.models.models)
        self.models = Models(tuple(changed))

    def _check_not_draining(self) -> None:
        if self._is_closed:
            raise DrainingError("this server is about to stop: try again, another one will answer")

    async def run(self) -> None:
        """Look after the workers for ever."""
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """One look at each model."""
        for keeper in self._keepers.values():
            await keeper.tick(stopping=self._is_closed)

    def leave(self) -> None:
        """Be not ready any more, and serve all the same: balancers come to know it late."""
        self.is_draining = True

    def drain(self) -> None:
        """Take no new requests; the running ones go on."""
        self.is_draining = self._is_closed = True

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
