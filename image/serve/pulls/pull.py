"""One pull in the HTTP process: a child that downloads, and whoever follows it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from serve.errors import ConflictError, DrainingError, RequestError
from serve.pulls.child import Child, Launcher
from serve.pulls.lines import Report
from serve.pulls.speed import Speed
from serve.pulls.types import PullOrder, PullState, PullStatus

log = logging.getLogger(__name__)

Discover = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Of the names of files that are new in the models directory: the ids of the models that they make."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What all pulls of a server share. `clock` never jumps; `wall` is only shown."""

    launcher: Launcher
    discover: Discover
    places: asyncio.Semaphore
    clock: Callable[[], float]
    wall: Callable[[], float]


class Pull:
    """Goes on when nobody follows it: only cancel ends it early."""

    def __init__(self, pull_id: str, order: PullOrder, ports: Ports, check: Callable[[Pull], None]) -> None:
        self.id = pull_id
        self.order = order
        self.error: RequestError | None = None
        self._ports = ports
        self._check = check  # called when the files are known; raises ConflictError
        self._speed = Speed(ports.clock)
        # The latest of each state: whoever comes late sees the last one, and nobody misses a state.
        self._story = [PullStatus(pull_id, order, PullState.STARTING, 0, 0, 0.0, 0.0, "", (), ports.wall())]
        self._changed = asyncio.Event()
        self._begun = asyncio.Event()
        self._discards = self._is_there = False
        self._task = asyncio.create_task(self._run())

    @property
    def status(self) -> PullStatus:
        """Right now."""
        return self._story[-1]

    async def begun(self) -> None:
        """Wait until the hub has said what there is; raises the error where it failed before that."""
        await self._begun.wait()
        self.check()

    def check(self) -> None:
        """Raise why it failed, or was cancelled. Nothing where it is complete or goes on."""
        if self.error is not None:
            raise self.error

    async def follow(self) -> AsyncIterator[PullStatus]:
        """The present status at once, then each change, at most four a second; ends after complete|failed|cancelled."""
        at, told = len(self._story) - 1, None
        while True:
            changed = self._changed
            if (status := self._story[at]) is not told:
                told = status
                yield status
                if status.state.has_ended:
                    return
            elif at + 1 < len(self._story):
                at += 1
            else:
                await changed.wait()

    async def cancel(self, *, discards: bool = True) -> None:
        """Returns when it has ended. `discards`: what is written so far goes; else the next pull goes on from it."""
        if self.status.state is PullState.FAILED and discards:
            await self._ports.launcher.discard(self.status.files)
        elif not self.status.state.has_ended:
            if not self._is_there:  # else it is too late, and it ends at once
                self._discards = discards
                self._task.cancel()
            await asyncio.wait({self._task})
        if not self.status.state.has_ended:  # it was over before it began
            self._end_cancelled()
            self._begun.set()

    async def _run(self) -> None:
        try:
            if self._ports.places.locked():
                self._set(message="other pulls run: it waits for its turn")
                self._begun.set()  # nobody is to wait for the hub's answer so long
            async with self._ports.places:
                await self._transfer()
        except asyncio.CancelledError:
            self._end_cancelled()
        except RequestError as error:
            self._fail(error)
        except Exception:
            log.exception("a bug of ours")
            self._fail(RequestError("the server made a mistake; its log has this pull's id"))
        finally:
            self._begun.set()
            told = {"state": self.status.state, "reason": self.status.message, "total_bytes": self.status.total_bytes}
            log.info("pull ended", extra={"pull": self.id, **told})

    async def _transfer(self) -> None:
        log.info("pull started", extra={"pull": self.id, "repo": self.order.repo, "file": self.order.file})
        child = await self._ports.launcher.launch(self.order)
        last: Report | None = None
        try:
            async with contextlib.aclosing(child.reports()) as reports:
                async for last in reports:
                    self._take(last)
        finally:
            how = await self._ended(child)
        if last is None or last.state is not PullState.COMPLETE:
            raise RequestError(f"the process that pulls {how}: ask again, and it goes on from where it was")
        self._is_there = True
        await self._discover(last)

    async def _ended(self, child: Child) -> str:
        """Nobody is left behind, even when we are to hurry."""
        return await asyncio.shield(asyncio.ensure_future(child.end(discards=self._discards)))

    def _take(self, report: Report) -> None:
        if report.state is PullState.FAILED:
            raise report.failure()
        if report.files != self.status.files:
            self._set(files=report.files)
            self._check(self)
        if report.state is PullState.DOWNLOADING:
            self._speed.saw(report.done_bytes)
        if report.state is not PullState.COMPLETE:
            is_moving = report.state is PullState.DOWNLOADING
            self._set(
                state=report.state,
                done_bytes=report.done_bytes,
                total_bytes=report.total_bytes,
                message=report.message,
                bytes_per_s=self._speed.bytes_per_s if is_moving else 0.0,
                eta_s=self._speed.eta_s(report.total_bytes) if is_moving else 0.0,
            )
        self._begun.set()

    async def _discover(self, last: Report) -> None:
        models = tuple(await self._ports.discover(last.files))
        done = {"done_bytes": last.total_bytes, "total_bytes": last.total_bytes, "models": models}
        self._set(state=PullState.DISCOVERED, bytes_per_s=0.0, eta_s=0.0, message="", **done)
        self._set(state=PullState.COMPLETE)

    def _end_cancelled(self) -> None:
        if not self._discards:
            self._fail(DrainingError("this server stops: ask again, and it goes on from where it was"))
            return
        self.error = ConflictError("somebody cancelled this pull")
        self._set(state=PullState.CANCELLED, bytes_per_s=0.0, eta_s=0.0, message="cancelled")

    def _fail(self, error: RequestError) -> None:
        self.error = error
        self._set(state=PullState.FAILED, bytes_per_s=0.0, eta_s=0.0, message=str(error))

    def _set(self, **changes: object) -> None:
        status = replace(self.status, **changes)  # type: ignore[arg-type]
        if status.state is self.status.state:
            self._story[-1] = status
        else:
            self._story.append(status)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
