"""Keeps the worker of one model alive, and brings requests to it and events back.

A worker that dies or does not answer is replaced. Its requests end with an error that says they can be tried again,
unless they had not begun: those the next worker is asked. When to load, and what must go for it, loads.py decides.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from functools import partial

from serve.engine.types import ModelInfo, Stats
from serve.errors import ModelNotReadyError, RequestError, WorkerLostError
from serve.messages import Events, Loaded, Message, Prepared, Reply
from serve.models import ModelEntry
from serve.supervision.desk import Desk
from serve.supervision.ending import Ending
from serve.supervision.lifecycle import Lifecycle, State
from serve.supervision.link import Link
from serve.supervision.loading import load_message
from serve.supervision.ports import Launcher, Options, Seen, Status
from serve.supervision.waking import Wish

log = logging.getLogger(__name__)


class Keeper:
    """One model: its lifecycle, its worker, its requests."""

    def __init__(
        self,
        entry: ModelEntry,
        *,
        launcher: Launcher,
        options: Options,
        clock: Callable[[], float],
        lifecycle: Lifecycle,
        wall: Callable[[], float] = time.time,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self.wish = Wish(entry, idle_unload_s=options.idle_unload_s, clock=clock)
        self.seen = Seen(0, 0)
        self.is_found = False  # not configured
        self.load_s = 0.0
        self.replays = True  # may what had not begun be asked again?
        self._launcher = launcher
        self._options = options
        self._clock, self._wall = clock, wall
        self.life = lifecycle
        self._on_change = on_change
        self._link: Link | None = None
        self._num_restarts = 0
        self._has_failed = self._is_other = False  # since the last launch: the worker; its file is another one
        self.desk = Desk(self.wish, options, clock, self.not_ready)
        self._info: ModelInfo | None = None
        self.most_bytes = 0  # that its workers took or may take; 0 before one was measured
        self._ending: Ending | None = None

    # ---- how it is ----

    @property
    def entry(self) -> ModelEntry:
        """What is configured now: its names and adapters may change at any time."""
        return self.wish.entry

    @property
    def state(self) -> State:
        """Where it is."""
        return self.life.state

    @property
    def is_serving(self) -> bool:
        """Does it take requests?"""
        return self.life.state is State.SERVING

    @property
    def has_worker(self) -> bool:
        """Is there a process?"""
        return self._link is not None and self._link.worker is not None

    @property
    def is_busy(self) -> bool:
        """Would somebody miss it if it went now?"""
        return len(self.desk) > 0 or self.wish.num_waiting > 0 or self.life.state is State.LOADING

    @property
    def is_idle(self) -> bool:
        """Has it served nobody for as long as it may?"""
        left_s = self.wish.unload_in_s
        return self.is_serving and not self.is_busy and left_s is not None and left_s <= 0

    def not_ready(self) -> ModelNotReadyError:
        """Why it can't be asked."""
        reason = f": {self.life.reason}" if self.life.reason else ""
        wait_s = math.ceil(self.life.retry_in_s) if self.state is State.FAILED else 1
        return ModelNotReadyError(f"model {self.entry.id!r} is {self.state}{reason}", retry_after_s=max(1, wait_s))

    def status(self) -> Status:
        """Right now, as a value."""
        link, unload_in_s = self._link, self.wish.unload_in_s if self.is_serving else None
        return Status(
            model=self.entry.id,
            state=self.life.state,
            reason=self.life.reason,
            num_requests=len(self.desk),
            num_restarts=self._num_restarts,
            load_share=link.load_share if link else 0.0,
            first_load_ended=self.life.first_load_ended,
            stats=link.stats if link else Stats(),
            info=self._info,
            written_at=self.seen.written_at,
            size_bytes=self.seen.size_bytes,
            memory_bytes=link.memory_bytes if link else 0,
            is_pinned=self.wish.is_pinned,
            unload_at=None if unload_in_s is None else self._wall() + max(0.0, unload_in_s),
            last_used_at=None if self._info is None else self._wall() - self.wish.idle_s,
        )

    # ---- its weights ----

    def found(self, seen: Seen) -> None:
        """The weights are there. Others than those that failed get their chance at once."""
        is_same, self.seen = seen == self.seen, seen
        self._is_other = self._is_other or not is_same
        if self.state is State.FAILED and self._is_other and is_same:  # nobody writes to it any more
            self.life.forgive()
            self._go(State.READY_ON_DISK)
        elif self.state in (State.ABSENT, State.PULLING) or (self.wish.is_on and self.life.can_retry()):
            self._go(State.READY_ON_DISK)

    def missing(self, reason: str, *, is_pulled: bool = False) -> None:
        """They are not there, or not yet."""
        if self.life.is_resident or (self.state is State.FAILED and not self.life.can_retry()):
            return
        self.retry()
        if not (is_pulled and self.state is State.PULLING):
            self._go(State.ABSENT, reason)
        if is_pulled:
            self._go(State.PULLING, reason)

    def retry(self) -> None:
        """It has failed: try again, however long ago that was."""
        if self.state is State.FAILED:
            self._go(State.READY_ON_DISK)

    # ---- its worker ----

    async def launch(self) -> None:
        """Load it. Whoever calls this has made room."""
        self._num_restarts += self._has_failed
        self._has_failed = self._is_other = False
        self._link = link = Link(self._options, self._clock)
        self._go(State.LOADING)
        try:
            worker = await self._launcher.launch(
                self.entry.id, partial(self._on_message, link), partial(self._on_end, link)
            )
        except OSError as error:
            self._on_end(link, f"can't be started: {error}")
            return
        link.worker = worker
        if self._link is not link or self.state is State.DRAINING:  # not wanted any more
            worker.kill()
        else:
            worker.send(load_message(self.entry, self._options))

    def check(self) -> None:
        """Look after the worker; replace it when it is silent or stuck, end it when it has had its time to end."""
        link = self._link
        if link is None or link.worker is None:
            return
        if why := link.look():
            link.kill()  # and don't wait for its end: a process in a dead system call may never come to it
            self._on_end(link, f"{why} and was killed")
        elif self._ending is not None:
            self._ending.step(len(self.desk))

    def refuse(self, error: ModelNotReadyError) -> None:
        """There is no room for it."""
        self.life.first_load_ended = True
        if not self.life.reason:
            log.warning("%s", error, extra={"model": self.entry.id})
        self.life.reason = str(error)  # its numbers change often
        if self.wish.by_demand:
            self.wish.is_on = False
        self.desk.lose(error)
        self.wish.fail(error)

    def unload(self, why: str) -> None:
        """Let its requests end, then its worker. It is loaded again when it is asked for."""
        self.wish.unwant()
        gone = ModelNotReadyError(f"model {self.entry.id!r} was unloaded: {why}")
        self.wish.fail(gone)
        if not self.life.is_resident:
            self.desk.lose(gone)
        self._end(why, drain_s=self._options.drain_s)

    def stop(self) -> None:
        """Let the worker end, now."""
        self._end("the server stops", drain_s=0)

    def kill(self) -> None:
        """End the worker at once."""
        if self._link is not None:
            self._link.kill()

    async def gone(self) -> None:
        """Wait until the present worker has ended."""
        if self._link is not None:
            await self._link.has_ended.wait()

    def give_up_replays(self, error: RequestError) -> None:
        """Nothing is asked again any more: the server is about to stop."""
        self.replays = False
        if not self.is_serving and self.state is not State.DRAINING:
            self.desk.lose(error)
        self.wish.fail(error)

    async def measure(self) -> None:
        """What its worker takes, and will take."""
        if self._link is not None:
            self.most_bytes = max(self.most_bytes, await self._link.measure(self._info))

    def _end(self, why: str, *, drain_s: float) -> None:
        if (link := self._link) is None:
            return
        if self.state is State.LOADING:  # it does not listen before it has loaded
            link.kill()
        self._go(State.DRAINING, why if self.state is not State.DRAINING else self.life.reason)
        self.desk.shut()
        self._ending = self._ending or Ending(link, self._clock)
        self._ending.within(drain_s)
        self._ending.step(len(self.desk))

    # ---- what the worker says ----

    def _on_message(self, link: Link, message: Message) -> None:
        if link is not self._link or link.hear(message):
            return
        match message:
            case Events():
                for event in message.events:
                    self.desk.deliver(event)
            case _ if isinstance(message, Prepared | Reply):
                self.desk.deliver(message)
            case Loaded() if self.state is State.LOADING:
                self._on_loaded(link, message)
            case _:
                log.warning("worker of %s sent a stray %s", self.entry.id, type(message).__name__)

    def _on_loaded(self, link: Link, message: Loaded) -> None:
        entry, trained_tokens = self.entry, message.info.trained_context_tokens
        self._info, self.load_s = message.info, message.load_s
        log.info("model %s loaded in %.1f s", entry.id, message.load_s, extra={"model": entry.id})
        if 0 < trained_tokens < entry.context_tokens:
            log.warning(
                "context_tokens of model %s is %d: it was trained for %d, and its answers get worse beyond them",
                *(entry.id, entry.context_tokens, trained_tokens),
                extra={"model": entry.id},
            )
        self._go(State.SERVING)
        self.desk.open(link)
        self.wish.arrive()

    def _on_end(self, link: Link, how: str) -> None:
        if link is not self._link:
            return
        link.has_ended.set()
        was, self._link, self._ending = self.state, None, None
        reason = link.last_words or f"its worker {how}"
        lost = WorkerLostError(f"the worker of model {self.entry.id!r} ended in the middle of this request: {reason}")
        self.desk.lose(lost, keeps_unbegun=was is State.SERVING and self.replays)
        if was is State.DRAINING:
            self._go(State.READY_ON_DISK)
        else:
            self._fail(reason)

    def _fail(self, reason: str) -> None:
        was_loading, self._has_failed = self.state is State.LOADING, True
        log.error("model %s failed: %s", self.entry.id, reason, extra={"model": self.entry.id})
        self.life.fail(reason)
        if was_loading:
            if self.wish.by_demand:
                self.wish.is_on = False  # the next request tries again
            self.desk.lose(self.not_ready())
            self.wish.fail(self.not_ready())
        self._on_change()

    def _go(self, state: State, reason: str = "") -> None:
        if (state, reason) == (self.life.state, self.life.reason):
            return
        log.info("model %s is %s", self.entry.id, state, extra={"model": self.entry.id, "reason": reason})
        if state is self.life.state:
            self.life.reason = reason
        else:
            self.life.to(state, reason)
            self._on_change()
