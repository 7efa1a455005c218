"""Brings a model that is asked for: has its weights pulled, has it loaded, waits, or says why it does not come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from serve.supervision.fetching import Fetcher, pulling
from serve.supervision.keeper import Keeper
from serve.supervision.lifecycle import State
from serve.supervision.ports import Options
from serve.supervision.rounds import Rounds

_WITHOUT_WEIGHTS = (State.ABSENT, State.PULLING)


class Summons:
    """What all requests that wait for models share."""

    def __init__(self, rounds: Rounds, options: Options, kick: Callable[[], None], clock: Callable[[], float]) -> None:
        self.fetcher = Fetcher(options.absent, clock)
        self._rounds = rounds
        self._wait_s = options.load_wait_s
        self._kick = kick  # whoever looks after the models shall do so now
        rounds.is_fetching = lambda keeper: self.fetcher.is_fetching(keeper.entry)

    def can_come(self, keeper: Keeper) -> bool:
        """Would a request get it, if not at once?"""
        if keeper.state in _WITHOUT_WEIGHTS:
            return self.fetcher.can_fetch(keeper.entry)
        return keeper.wish.by_demand and keeper.state is not State.FAILED

    async def bring(self, keeper: Keeper) -> None:
        """Return when it serves, or raise why it does not."""
        try:
            async with asyncio.timeout(self._wait_s):
                with keeper.wish.waiting():
                    while not keeper.is_serving:
                        await self._step(keeper)
        except TimeoutError:
            if self.fetcher.is_fetching(keeper.entry):
                raise pulling(keeper.entry) from None
            raise keeper.not_ready() from None

    async def _step(self, keeper: Keeper) -> None:
        if keeper.state in _WITHOUT_WEIGHTS:
            await self._rounds.look(keeper)  # they may have come just now
        if keeper.state in _WITHOUT_WEIGHTS:
            await self._fetch(keeper)
            return
        if not keeper.wish.by_demand:
            raise keeper.not_ready()
        if keeper.state is State.FAILED and not keeper.wish.is_on:
            if not keeper.life.can_retry():
                raise keeper.not_ready()
            keeper.retry()
        keeper.wish.want()
        self._kick()
        await keeper.wish.arrival()

    async def _fetch(self, keeper: Keeper) -> None:
        if not self.fetcher.can_fetch(keeper.entry):
            raise keeper.not_ready()
        keeper.wish.want()
        await self.fetcher.fetch(keeper.entry)
        await self._rounds.look(keeper)
        if keeper.state in _WITHOUT_WEIGHTS:
            raise keeper.not_ready()
