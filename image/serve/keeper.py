"""Keeps the worker of one model alive, and brings requests to it and events back.

A worker that dies or does not answer is replaced; its requests end with an error that says they can be tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from serve.engine.types import Failed, ModelInfo, Stats
from serve.errors import ModelNotReadyError, OverloadedError, RequestError, WorkerLostError, from_engine
from serve.lifecycle import Lifecycle, State
from serve.messages import (
    AdapterPath,
    Cancel,
    Detokenized,
    Events,
    Generate,
    GenerateRequest,
    Load,
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
from serve.ports import Disk, Launcher, Options, Seen, Status, Worker
from serve.pulse import Pulse
from serve.requests import Inbox, Requests

log = logging.getLogger(__name__)

TICK_S = 0.25


class Keeper:
    """One model: its lifecycle, its worker, its requests."""

    def __init__(
        self,
        entry: ModelEntry,
        *,
        launcher: Launcher,
        disk: Disk,
        options: Options,
        clock: Callable[[], float],
        lifecycle: Lifecycle,
    ) -> None:
        self._entry = entry
        self._launcher = launcher
        self._disk = disk
        self._options = options
        self._clock = clock
        self._life = lifecycle
        self._worker: Worker | None = None
        self._num_launches = 0  # also tells late words of an old worker from those of the present one
        self._requests = Requests(clock)
        self._pulse = Pulse(clock, longest_gap_s=2 * TICK_S)
        self._has_spoken = False  # the present worker; until then its Python may still be starting
        self._last_words = ""
        self._load_share = 0.0
        self._info: ModelInfo | None = None
        self._seen = Seen(0, 0)
        self._stuck_s = 0.0
        self._stats = Stats()

    @property
    def has_worker(self) -> bool:
        """Is there a process?"""
        return self._worker is not None

    def status(self) -> Status:
        """Right now, as a value."""
        return Status(
            model=self._entry.id,
            state=self._life.state,
            reason=self._life.reason,
            num_requests=len(self._requests),
            num_restarts=max(0, self._num_launches - 1),
            load_share=self._load_share,
            first_load_ended=self._life.first_load_ended,
            stats=self._stats,
            info=self._info,
            written_at=self._seen.written_at,
            size_bytes=self._seen.size_bytes,
            is_pinned=self._entry.pinned,
        )

    # ---- requests ----

    def start(self, request: GenerateRequest, inbox: Inbox) -> int:
        """Send a request to the worker, or say why not. What is told of it comes into the inbox."""
        worker = self._serving_worker()
        # The worker bounds its queue too; this bound also covers prompts that it has not read yet.
        num_requests, num_slots = len(self._requests), self._entry.num_slots
        if num_requests >= num_slots + self._options.max_waiting:
            raise OverloadedError(
                f"model {self._entry.id!r} has {num_requests} requests: "
                f"{num_slots} may run and {self._options.max_waiting} may wait",
                retry_after_s=self._requests.retry_after_s(num_slots),
            )
        return self._send(worker, lambda request_id: Generate(request_id, request), inbox)

    def ask(self, question: Callable[[int], Question], inbox: Inbox) -> int:
        """Send a question about text and tokens, made with its id. It needs no slot."""
        return self._send(self._serving_worker(), question, inbox)

    def error(self, failed: Failed) -> RequestError:
        """What its client is told of a failure."""
        retry_after_s = self._requests.retry_after_s(self._entry.num_slots)
        return from_engine(failed, context_tokens=self._entry.context_tokens, retry_after_s=retry_after_s)

    def finish(self, request_id: int) -> None:
        """Nobody listens any more; when it has not ended by itself, cancel it."""
        if self._requests.drop(request_id) and self._worker is not None:
            self._worker.send(Cancel(request_id))

    def _send(self, worker: Worker, make: Callable[[int], Message], inbox: Inbox) -> int:
        request_id = self._requests.open(inbox)
        try:
            worker.send(make(request_id))
        except Exception:  # what can't be made or written was never asked
            self._requests.drop(request_id)
            raise
        return request_id

    def _serving_worker(self) -> Worker:
        if self._life.state is not State.SERVING or self._worker is None:
            reason = f": {self._life.reason}" if self._life.reason else ""
            raise ModelNotReadyError(f"model {self._entry.id!r} is {self._life.state}{reason}")
        return self._worker

    # ---- looking after the worker ----

    async def tick(self, *, stopping: bool) -> None:
        """One look: at the disk while there is no worker, at the worker while there is one."""
        if self._worker is not None:
            self._check_worker()
            return
        if self._life.can_retry():
            self._life.to(State.READY_ON_DISK)
        if self._life.state in (State.ABSENT, State.PULLING, State.READY_ON_DISK):
            await self._look_at_disk()
        if self._life.state is State.READY_ON_DISK and not stopping:
            await self._launch()

    def stop(self) -> None:
        """Let the worker end."""
        if self._worker is None:
            return
        loading = self._life.state is State.LOADING
        self._life.to(State.DRAINING)
        if loading:  # it does not listen before it has loaded
            self._worker.kill()
        else:
            self._worker.send(Stop())

    def kill(self) -> None:
        """End the worker at once."""
        if self._worker is not None:
            self._worker.kill()

    async def _look_at_disk(self) -> None:
        file = self._entry.file
        path = self._options.models_dir / file
        try:
            seen = await self._disk.seen(file)
        except OSError as error:  # a network file system may be back at the next look
            self._go(State.ABSENT, f"the weights file {path} can't be looked at: {error.strerror or error}")
            return
        if seen is not None:
            self._seen = seen
            self._go(State.READY_ON_DISK)
        elif await self._disk.is_pulling(file):
            self._go(State.ABSENT)
            self._go(State.PULLING, f"{file} is being written to {self._options.models_dir}")
        else:
            self._go(State.ABSENT, f"the weights file {path} is missing")

    def _go(self, state: State, reason: str = "") -> None:
        if (state, reason) == (self._life.state, self._life.reason):
            return
        log.info("model %s is %s", self._entry.id, state, extra={"model": self._entry.id, "reason": reason})
        if state is self._life.state:
            self._life.reason = reason
        else:
            self._life.to(state, reason)

    async def _launch(self) -> None:
        self._num_launches += 1
        launch = self._num_launches
        self._has_spoken, self._last_words, self._load_share = False, "", 0.0
        self._pulse.beat()
        self._go(State.LOADING)
        try:
            worker = await self._launcher.launch(
                self._entry.id, partial(self._on_message, launch), partial(self._on_end, launch)
            )
        except OSError as error:
            self._life.fail(f"no worker can be started: {error}")
            return
        self._worker = worker
        worker.send(_load_message(self._entry, self._options))

    def _check_worker(self) -> None:
        """Ping; replace a worker that is silent or stuck."""
        assert self._worker is not None
        self._worker.send(Ping())
        allowed_s = self._options.silence_s if self._has_spoken else self._options.start_s
        if self._pulse.look() >= allowed_s:
            self._give_up(f"did not answer for {allowed_s:g} s")
        elif self._stuck_s >= self._options.stuck_s:
            self._give_up(f"was at one step or prompt for {self._stuck_s:.0f} s")

    def _give_up(self, why: str) -> None:
        """Kill it, and don't wait for its end: a process in a dead system call may never come to it."""
        assert self._worker is not None
        self._worker.kill()
        self._on_end(self._num_launches, f"{why} and was killed")

    # ---- what the worker says ----

    def _on_message(self, launch: int, message: Message) -> None:
        if launch != self._num_launches:
            return
        self._has_spoken = True
        self._pulse.beat()
        match message:
            case Events():
                for event in message.events:
                    self._requests.deliver(event)
            case Prepared() | Tokenized() | Detokenized() | Rendered():
                self._requests.deliver(message)
            case Pong():
                self._stuck_s, self._stats = message.stuck_s, message.stats
            case Progress():
                self._load_share = message.share
            case Loaded() if self._life.state is State.LOADING:
                self._on_loaded(message)
            case NotLoaded():
                self._last_words = message.message
            case _:
                log.warning("worker of %s sent a stray %s", self._entry.id, type(message).__name__)

    def _on_loaded(self, message: Loaded) -> None:
        entry, trained_tokens = self._entry, message.info.trained_context_tokens
        self._info = message.info
        log.info("model %s loaded in %.1f s", entry.id, message.load_s, extra={"model": entry.id})
        if 0 < trained_tokens < entry.context_tokens:
            log.warning(
                "context_tokens of model %s is %d: it was trained for %d, and its answers get worse beyond them",
                *(entry.id, entry.context_tokens, trained_tokens),
                extra={"model": entry.id},
            )
        self._go(State.SERVING)

    def _on_end(self, launch: int, how: str) -> None:
        if launch != self._num_launches or self._life.state not in (State.LOADING, State.SERVING, State.DRAINING):
            return
        self._worker, self._stuck_s, self._stats = None, 0.0, Stats()
        reason = self._last_words or f"its worker {how}"
        if self._life.state is State.DRAINING:
            self._go(State.READY_ON_DISK)
        else:
            log.error("model %s failed: %s", self._entry.id, reason, extra={"model": self._entry.id})
            self._life.fail(reason)
        lost = f"the worker of model {self._entry.id!r} ended in the middle of this request: {reason}"
        self._requests.lose(WorkerLostError(lost))


def _load_message(entry: ModelEntry, options: Options) -> Load:
    return Load(
        model=entry.id,
        path=str(options.models_dir / entry.file),
        num_slots=entry.num_slots,
        context_tokens=entry.context_tokens,
        step_tokens=max(options.step_tokens, entry.num_slots + 1),
        max_waiting=options.max_waiting,
        num_threads=options.num_threads,
        chat_template=entry.chat_template,
        mixed_tokens=max(options.mixed_tokens or options.step_tokens, entry.num_slots + 1),
        num_draft_tokens=entry.draft_tokens,
        adapters=tuple(AdapterPath(each.name, str(options.models_dir / each.file)) for each in entry.adapters),
        state_dir=None if options.state_dir is None else str(options.state_dir),
        state_max_bytes=options.state_max_bytes,
    )
