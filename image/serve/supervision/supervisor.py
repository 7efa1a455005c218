"""All models of this server: which keeper gets a request, who is loaded and unloaded, and whether the server is ready.

Time, chance and processes are passed in: the tests drive all of it without a process and without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from serve.engine.types import Failed
from serve.errors import ConflictError, DrainingError
from serve.messages import GenerateRequest, Question, Reply
from serve.models import AdapterEntry, ModelEntry, Models
from serve.shelf.catalogue import Catalogue
from serve.supervision.generation import Generation
from serve.supervision.keeper import Keeper
from serve.supervision.lifecycle import Lifecycle
from serve.supervision.link import TICK_S
from serve.supervision.loads import next_loads
from serve.supervision.ports import Disk, Launcher, Options, Puller, Seen, Status
from serve.supervision.requests import Inbox
from serve.supervision.residency import Budget
from serve.supervision.rounds import Rounds
from serve.supervision.summons import Summons

_STOPPING = "this server is about to stop: try again, another one will answer"


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
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.is_draining = False  # not ready any more; balancers should know
        self._is_closed = False  # to new requests, too
        self._launcher = launcher
        self._options = options
        self._clock, self._wall, self._jitter = clock, wall, jitter
        self._kick = asyncio.Event()
        self._catalogue = Catalogue(models, disk=disk, options=options, wall=wall)
        self._keepers: dict[str, Keeper] = {}
        self._leaving: list[Keeper] = []  # their models are gone, their workers not yet
        self._rounds = Rounds(disk, options, clock)
        self._summons = Summons(self._rounds, options, self._kick.set, clock)
        self._sync()

    # ---- what there is ----

    @property
    def models(self) -> Models:
        """All that are known now: configured, discovered, with their copied names."""
        return self._catalogue.registry.models

    @property
    def is_ready(self) -> bool:
        """Is a model served, or would it be if it were asked, and has no drain begun?

        What would be loaded on demand counts only when all that is to be there from the start had its chance.
        """
        if self.is_draining:
            return False
        if any(keeper.is_serving for keeper in self._keepers.values()):
            return True
        return self.has_started and any(self._summons.can_come(keeper) for keeper in self._keepers.values())

    @property
    def has_started(self) -> bool:
        """Is no model in its first load any more? A file that is not there yet is nothing to wait for."""
        preloads = (keeper for keeper in self._keepers.values() if keeper.entry.load == "preload")
        return all(keeper.life.had_its_chance for keeper in preloads)

    @property
    def num_requests(self) -> int:
        """Requests on their way, in all models."""
        return sum(len(keeper.desk) + keeper.wish.num_waiting for keeper in self._all())

    @property
    def memory_bytes(self) -> int | None:
        """What all workers together may take; None: as much as they like."""
        return self._options.memory_bytes

    def statuses(self) -> list[Status]:
        """Every model, in the order of `models`."""
        return [self._keepers[entry.id].status() for entry in self.models.models]

    def status(self, model: str) -> Status | None:
        """Of one model, by its id; None where it is gone."""
        keeper = self._keepers.get(model)
        return None if keeper is None else keeper.status()

    # ---- requests ----

    async def wake(self, model: str | None) -> ModelEntry:
        """Return when a model serves: load it, or pull and load it, where it is one to be loaded by its first request.

        ModelNotFoundError, ModelNotReadyError (with NoRoomError and PullingError), DrainingError, and what a pull can
        end with.
        """
        entry = self.models.find(model)
        self._check_not_draining()
        keeper = self._keepers[entry.id]
        if not keeper.is_serving:
            await self._summons.bring(keeper)
        return entry

    def generation(self, model: str | None, requests: Sequence[GenerateRequest]) -> Generation:
        """Requests that are one to their client. Leaving its block early cancels them."""
        entry = self.models.find(model)
        self._check_not_draining()
        return Generation(self._keepers[entry.id].desk, requests, window=entry.num_slots)

    async def ask(self, model: str | None, question: Callable[[int], Question]) -> Reply:
        """One question about text and tokens; the worker answers it without the engine."""
        woken = await self.wake(model)
        desk = self._keepers[self.models.find(woken.id).id].desk  # it may have gone in the meantime
        inbox = Inbox()
        request_id = desk.ask(question, inbox)
        try:
            (told,) = await inbox.take()
        finally:
            desk.finish(request_id)
        if isinstance(told, Failed):
            raise desk.error(told)
        assert isinstance(told, Reply)
        return told

    def set_adapters(self, entry: ModelEntry, adapters: tuple[AdapterEntry, ...]) -> None:
        """The adapters of a model, and how much of each a request gets that does not say. adapters.py loads them."""
        self._catalogue.registry.replace(replace(entry, adapters=adapters))
        self._sync()

    def _check_not_draining(self) -> None:
        if self._is_closed:
            raise DrainingError(_STOPPING)

    # ---- orders ----

    async def load(self, model: str) -> ModelEntry:
        """Load a model, also one that has failed just now, and wait until it serves."""
        entry = self.models.find(model)
        self._check_not_draining()
        keeper = self._keepers[entry.id]
        keeper.retry()
        keeper.wish.want()
        await self._summons.bring(keeper)
        return entry

    async def unload(self, model: str) -> ModelEntry:
        """Let its requests end, then its worker; returns when its memory is free. It is loaded again when asked for."""
        entry = self.models.find(model)
        await self._unload(self._keepers[entry.id], "somebody unloaded it")
        return entry

    async def discover(self, files: Sequence[str] = ()) -> list[str]:
        """Look at the models directory now; returns the ids of models that were not there before.

        Of `files`, which are known to be whole, the ids of all models that they make, also where nothing else is
        discovered.
        """
        ids = await self._catalogue.discover(files)
        self._sync()
        self._kick.set()
        return ids

    async def copy(self, name: str, new_name: str) -> None:
        """Give a model one more name, also over restarts. ConflictError if another model has it."""
        await self._catalogue.copy(self.models.find(name), new_name)
        self._sync()

    async def remove(self, name: str) -> None:
        """Forget a copied name; unload a discovered model and delete its files. ConflictError for a configured one.

        A model that has been copied goes on under the copied name: whoever copies and removes has renamed it.
        """
        if await self._catalogue.forget(name):
            self._sync()
            return
        entry = self.models.find(name)
        if self._catalogue.registry.found(entry.id) is None:
            raise ConflictError(f"model {entry.id!r} is configured: it can be unloaded, not removed")
        if not await self._catalogue.pass_on(entry):
            await self._unload(self._keepers[entry.id], "it is removed")
            await self._catalogue.delete(entry)
        self._sync()

    def keep_alive(self, name: str, seconds: float | None) -> None:
        """How long a model stays loaded without a request: 0 not at all, less than 0 for ever, None as it is set."""
        self._keepers[self.models.find(name).id].wish.keep_alive(seconds)
        self._kick.set()

    async def _unload(self, keeper: Keeper, why: str) -> None:
        keeper.unload(why)
        await keeper.gone()

    def pull_by(self, puller: Puller) -> None:
        """From now on weights that are not there can be pulled."""
        self._summons.fetcher.puller = puller

    # ---- looking after all of them ----

    async def run(self) -> None:
        """Look after the workers for ever."""
        while True:
            self._kick.clear()
            await self.tick()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._kick.wait()

    async def tick(self) -> None:
        """One look at each model."""
        for keeper in self._all():
            keeper.check()
            if keeper.is_idle and not self._is_closed:
                keeper.unload("nobody asked for it for a while")
        self._leaving = [keeper for keeper in self._leaving if keeper.life.is_resident]
        await self._rounds.go(self._all(), self._look_at_folder)
        if not self._is_closed:
            budget = Budget(self._options.memory_bytes, self._options.gpu_bytes)
            loads = next_loads(self._all(), budget, is_guess=self._options.memory_is_guess)
            await asyncio.gather(*(keeper.launch() for keeper in loads))

    async def _look_at_folder(self) -> None:
        await self._catalogue.look()
        self._sync()

    def _sync(self) -> None:
        """A keeper for each model."""
        before, self._keepers = self._keepers, {}
        for entry in self.models.models:
            keeper = before.pop(entry.id, None)
            if keeper is not None and keeper.entry.file != entry.file:
                before[entry.id] = keeper
                keeper = None
            self._keepers[entry.id] = keeper = keeper or self._make_keeper(entry)
            keeper.wish.entry = entry
            found = self._catalogue.registry.found(entry.id)
            keeper.is_found = found is not None
            if found is not None and not keeper.life.is_resident:
                keeper.found(Seen(found.written_at, found.size_bytes))
        for keeper in before.values():
            keeper.unload("its model is gone")
            self._leaving.append(keeper)

    def _make_keeper(self, entry: ModelEntry) -> Keeper:
        return Keeper(
            entry,
            launcher=self._launcher,
            options=self._options,
            clock=self._clock,
            lifecycle=Lifecycle(clock=self._clock, jitter=self._jitter),
            wall=self._wall,
            on_change=self._kick.set,
        )

    def _all(self) -> list[Keeper]:
        return [*self._keepers.values(), *self._leaving]

    # ---- the end ----

    def leave(self) -> None:
        """Be not ready any more, and serve all the same: balancers come to know it late."""
        self.is_draining = True

    def drain(self) -> None:
        """Take no new requests; the running ones go on."""
        self.is_draining = self._is_closed = True
        for keeper in self._all():
            keeper.give_up_replays(DrainingError(_STOPPING))

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
        for keeper in self._all():
            keeper.stop()
        while any(keeper.has_worker for keeper in self._all()) and self._clock() < deadline:
            await asyncio.sleep(0.02)
        for keeper in self._all():
            keeper.kill()
