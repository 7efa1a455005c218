"""Keeps the worker of one model alive, and brings requests to it and events back.

A worker that dies or does not answer is replaced. Its requests end with an error that says they can be tried again,
unless they had not begun: those the next worker is asked. When to load, and what must go for it, loads.py decides.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from serve.engine.types import Failed, ModelInfo, Stats
from serve.errors import ModelNotReadyError, OverloadedError, RequestError, WorkerLostError, from_engine
from serve.lifecycle import Lifecycle, State
from serve.loading import guess_bytes, load_message
from serve.messages import (
    Cancel,
    Detokenized,
    Events,
    Generate,
    GenerateRequest,
    Loaded,
    Message,
    NotLoaded,
    Ping,
    Pong,
    Prepared,
    Progress,
    Question,
    Rendered,
    Stop,
    Tokenized,
)
from serve.models import ModelEntry
from serve.ports import Launcher, Options, Seen, Status, Worker
from serve.pulse import Pulse
from serve.requests import Inbox, Requests
from serve.waking import Wish

log = logging.getLogger(__name__)

TICK_S = 0.25
STOP_S = 20.0  # how long a worker that was told to end may write its state
_RESIDENT = (State.LOADING, State.SERVING, State.DRAINING)


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
        self.load_s = 0.0
        self.replays = True  # may what had not begun be asked again?
        self._launcher = launcher
        self._options = options
        self._clock, self._wall = clock, wall
        self._life = lifecycle
        self._on_change = on_change
        self._worker: Worker | None = None
        self._num_launches = 0  # also tells late words of an old worker from those of the present one
        self._num_restarts = 0
        self._requests = Requests(clock)
        self._pulse = Pulse(clock, longest_gap_s=2 * TICK_S)
        self._has_spoken = False  # the present worker; until then its Python may still be starting
        self._last_words = ""
        self._load_share = 0.0
        self._info: ModelInfo | None = None
        self._stuck_s = 0.0
        self._stats = Stats()
        self._memory_bytes = self._most_bytes = 0  # now, and at any time; 0 before it was measured
        self._drain_until = self._stop_until = math.inf

    # ---- how it is ----

    @property
    def entry(self) -> ModelEntry:
        """What is configured. Its names and adapters may change at any time."""
        return self.wish.entry

    @entry.setter
    def entry(self, entry: ModelEntry) -> None:
        self.wish.entry = entry

    @property
    def state(self) -> State:
        """Where it is."""
        return self._life.state

    @property
    def is_serving(self) -> bool:
        """Does it take requests?"""
        return self._life.state is State.SERVING

    @property
    def is_resident(self) -> bool:
        """Does it take memory? Also where the process has not begun yet."""
        return self._life.state in _RESIDENT

    @property
    def has_worker(self) -> bool:
        """Is there a process?"""
        return self._worker is not None

    @property
    def is_busy(self) -> bool:
        """Would somebody miss it if it went now?"""
        return bool(self._requests) or self.wish.num_waiting > 0 or self._life.state is State.LOADING

    @property
    def can_retry(self) -> bool:
        """Has it failed, and long enough ago?"""
        return self._life.can_retry()

    @property
    def has_failed(self) -> bool:
        """In its last load, or since."""
        return self._life.num_failures > 0

    @property
    def num_requests(self) -> int:
        """Requests on their way."""
        return len(self._requests)

    @property
    def expected_bytes(self) -> int:
        """What its worker takes, or will take: as measured, as configured, or guessed."""
        return self._most_bytes or self.entry.memory_bytes or guess_bytes(self.entry, self.seen.size_bytes)

    @property
    def least_bytes(self) -> int:
        """The same where a guess is not good enough: it takes its weights at least."""
        return self._most_bytes or self.entry.memory_bytes or self.seen.size_bytes

    def not_ready(self) -> ModelNotReadyError:
        """Why it can't be asked."""
        reason = f": {self._life.reason}" if self._life.reason else ""
        wait_s = math.ceil(self._life.retry_in_s) if self.state is State.FAILED else 1
        return ModelNotReadyError(f"model {self.entry.id!r} is {self.state}{reason}", retry_after_s=max(1, wait_s))

    def status(self) -> Status:
        """Right now, as a value."""
        unload_in_s = self.wish.unload_in_s if self.is_serving else None
        return Status(
            model=self.entry.id,
            state=self._life.state,
            reason=self._life.reason,
            num_requests=len(self._requests),
            num_restarts=self._num_restarts,
            load_share=self._load_share,
            first_load_ended=self._life.first_load_ended,
            stats=self._stats,
            info=self._info,
            written_at=self.seen.written_at,
            size_bytes=self.seen.size_bytes,
            memory_bytes=self._memory_bytes,
            is_pinned=self.wish.is_pinned,
            unload_at=None if unload_in_s is None else self._wall() + max(0.0, unload_in_s),
            last_used_at=None if self._info is None else self._wall() - self.wish.idle_s,
        )

    # ---- requests ----

    def start(self, request: GenerateRequest, inbox: Inbox) -> int:
        """Send a request to the worker, or say why not. What is told of it comes into the inbox."""
        worker = self._serving_worker()
        # The worker bounds its queue too; this bound also covers prompts that it has not read yet.
        num_requests, num_slots = len(self._requests), self.entry.num_slots
        if num_requests >= num_slots + self._options.max_waiting:
            raise OverloadedError(
                f"model {self.entry.id!r} has {num_requests} requests: "
                f"{num_slots} may run and {self._options.max_waiting} may wait",
                retry_after_s=self._requests.retry_after_s(num_slots),
            )
        return self._send(worker, lambda request_id: Generate(request_id, request), inbox)

    def ask(self, question: Callable[[int], Question], inbox: Inbox) -> int:
        """Send a question about text and tokens, made with its id. It needs no slot."""
        return self._send(self._serving_worker(), question, inbox)

    def error(self, failed: Failed) -> RequestError:
        """What its client is told of a failure."""
        retry_after_s = self._requests.retry_after_s(self.entry.num_slots)
        return from_engine(failed, context_tokens=self.entry.context_tokens, retry_after_s=retry_after_s)

    def finish(self, request_id: int) -> None:
        """Nobody listens any more; when it has not ended by itself, cancel it."""
        self.wish.used()
        if self._requests.drop(request_id) and self._worker is not None and self.state is not State.LOADING:
            self._worker.send(Cancel(request_id))

    def _send(self, worker: Worker, make: Callable[[int], Message], inbox: Inbox) -> int:
        request_id = self._requests.open(inbox)
        self.wish.used()
        try:
            message = make(request_id)
            self._requests.asks(request_id, message)
            worker.send(message)
        except Exception:  # what can't be made or written was never asked
            self._requests.drop(request_id)
            raise
        return request_id

    def _serving_worker(self) -> Worker:
        if not self.is_serving or self._worker is None:
            raise self.not_ready()
        return self._worker
