"""Pulls on children that are fakes: they tell what a test has them tell."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Sequence

from serve.errors import RequestError
from serve.pulls import lines
from serve.pulls.lines import Report
from serve.pulls.pulls import Pulls
from serve.pulls.types import PullOrder, PullState
from tests.helpers.fakes import FakeClock

FILES = ("m.gguf",)


class FakeChild:
    """A child that pulls nothing."""

    def __init__(self, order: PullOrder) -> None:
        self.order = order
        self.ended: list[bool] = []  # each time it was ended: whether it was to discard what it had
        self._told: asyncio.Queue[Report | None] = asyncio.Queue()

    def tell(self, state: PullState, done: int = 0, total: int = 100, files: tuple[str, ...] = FILES) -> None:
        """One report."""
        self._told.put_nowait(Report(state, done, total, files))

    def fail(self, error: RequestError) -> None:
        """The last report of one that fails."""
        self._told.put_nowait(lines.failed(error))
        self.die()

    def complete(self, total: int = 100, files: tuple[str, ...] = FILES) -> None:
        """The last report of one that does not."""
        self.tell(PullState.COMPLETE, total, total, files)
        self.die()

    def die(self) -> None:
        """End by itself."""
        self._told.put_nowait(None)

    async def reports(self) -> AsyncGenerator[Report, None]:
        """What it was had to tell."""
        while (report := await self._told.get()) is not None:
            yield report

    async def end(self, *, discards: bool) -> str:
        """Noted."""
        self.ended.append(discards)
        return "ended with code 0"


class FakeChildren:
    """Starts them, and remembers them in order."""

    def __init__(self) -> None:
        self.all: list[FakeChild] = []
        self.discarded: list[tuple[str, ...]] = []

    async def launch(self, order: PullOrder) -> FakeChild:
        """One more."""
        self.all.append(FakeChild(order))
        return self.all[-1]

    async def discard(self, files: Sequence[str]) -> None:
        """Noted."""
        self.discarded.append(tuple(files))


async def nothing(_: Sequence[str]) -> Sequence[str]:
    """No model is made by any file."""
    return ()


def make_pulls(children: FakeChildren, clock: FakeClock | None = None, **more: object) -> Pulls:
    """With ids 1, 2, ..."""
    ids = itertools.count(1)
    given = {"discover": nothing, "wall": lambda: 1000.0, "new_id": lambda: str(next(ids))} | more
    return Pulls(launcher=children, clock=clock or FakeClock(), **given)  # type: ignore[arg-type]
