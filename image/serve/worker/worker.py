"""The child process that holds one model: reads messages, prepares prompts, runs the engine.

Three threads, so that each can answer for itself:

    reader    socket -> pings are answered at once, the rest goes to prepare, unless that takes no time at all
    prepare   chat template, grammar, tokenizer -> engine's inbox (in the order in which requests came)
    main      loads the model, then: take what is in the inbox, step, send the step's events

llama.cpp releases Python's lock while it computes, so the reader answers pings during a long step. How long the current
step or prompt has taken goes into every pong: the supervisor decides what is too long. When the HTTP process goes away,
so does this.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import queue
import socket
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from serve.chat.types import FormKind
from serve.cpu import check_cpu
from serve.engine.engine import Engine
from serve.engine.errors import LoadError, RefusedError
from serve.engine.slots import Slots
from serve.engine.types import (
    Event,
    Failed,
    FailureKind,
    Request,
    Stats,
)
from serve.errors import SetupError
from serve.ipc import Channel, FrameError
from serve.log import request_id, set_up_logging
from serve.messages import (
    Cancel,
    Change,
    Detokenize,
    Detokenized,
    Events,
    Generate,
    Load,
    Loaded,
    Message,
    NotLoaded,
    Ping,
    Pong,
    Progress,
    Question,
    Render,
    Rendered,
    Stop,
    TextPrompt,
    Tokenize,
)
from serve.supervision.memory import go_first
from serve.worker.loaded import carry_out, limits, load_options, state_store

if TYPE_CHECKING:
    from serve.worker.prompts import Prompts

log = logging.getLogger(__name__)

PROGRESS_STEP = 0.1
STATS_PERIOD_S = 0.1
# For many models llama.cpp splits text by std::regex, which recurses once per character of a run of letters: measured,
# 100000 of them need between 16 and 32 MiB, and with less the process dies. Only what is used of it becomes memory.
PREPARE_STACK_BYTES = 512 * 1024 * 1024
# The HTTP process, which needs little, goes first: health checks and events must not wait behind computing.
NICENESS = 5
LOG_LEVEL = "warning"
SHORT_PROMPT = 2000  # characters


class Stopwatch:
    """How long the thing that runs now has taken."""

    def __init__(self) -> None:
        self._since: float | None = None

    def __enter__(self) -> None:
        self._since = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._since = None

    @property
    def elapsed_s(self) -> float:
        """0 when nothing runs."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since


class Worker:
    """What the three threads share."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._loads: queue.SimpleQueue[Load] = queue.SimpleQueue()
        self._to_prepare: queue.SimpleQueue[Generate | Question | Cancel | Stop] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[Request | Cancel | Change | Stop] = queue.SimpleQueue()
        self._prompts: Prompts | None = None
        self._num_read = self._num_prepared = 0  # of those that went to prepare; each written by one thread
        self._stats = Stats()
        self._told_share = 0.0
        self._stepping, self._preparing = Stopwatch(), Stopwatch()

    def run(self) -> int:
        """Load, then serve until told to stop. Returns the exit code."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        with contextlib.suppress(Exception):  # said below, when there is something to load
            _import_all()
        load = self._loads.get()
        set_up_logging(LOG_LEVEL, model=load.model)
        try:
            check_cpu()
            self._serve(load)
        except (LoadError, SetupError) as error:
            self._channel.send(NotLoaded(str(error)))
            return 1
        return 0

    # ---- main thread ----

    def _serve(self, load: Load) -> None:
        from serve.engine.llama.backend import Llama

        started = time.monotonic()
        with Llama(load_options(load), self._report_progress) as llama:
            from serve.worker.prompts import make_prompts

            info, longest = llama.info(), llama.model.longest_token_bytes
            told = load.template_kwargs_json
            self._start_preparing(make_prompts(llama, info, load.chat_template, load.context_tokens, longest, told))
            load_s = time.monotonic() - started
            engine, store = Engine(llama, limits(load)), state_store(load, llama.fingerprint)
            if store is not None:
                log.info("KV states restored: %d", engine.restore_state(store))
            self._channel.send(Loaded(info, load_s))
            self._run_engine(engine, Slots(llama.fingerprint))
            if store is not None:
                log.info("KV states saved: %d", engine.save_state(store))

    def _run_engine(self, engine: Engine, slots: Slots) -> None:
        told_s = -STATS_PERIOD_S
        while True:
            if time.monotonic() >= told_s + STATS_PERIOD_S:
                self._stats, told_s = engine.stats(), time.monotonic()
            events: list[Event] = []
            for command in self._commands(wait=engine.is_idle):
                if isinstance(command, Stop):
                    return
                events += self._obey(engine, slots, command)
            if not engine.is_idle:
                with self._stepping:
                    events += engine.step()
            if engine.is_idle:
                told_s = -STATS_PERIOD_S  # nobody comes back soon to tell what is so now
            if events:
                self._channel.send(Events(tuple(events)))

    def _obey(self, engine: Engine, slots: Slots, command: Request | Cancel | Change) -> list[Event]:
        match command:
            case Request():
                return [_counted(engine.submit(command), command)]
            case Cancel():
                engine.cancel(command.id)
                return []
        reply, events = carry_out(engine, slots, command)
        if reply is not None:
            self._channel.send(reply)
        return events

    def _commands(self, *, wait: bool) -> list[Request | Cancel | Change | Stop]:
        """All that came; waits for one when there is nothing else to do."""
        commands = [self._inbox.get()] if wait else []
        with contextlib.suppress(queue.Empty):
            while True:
                commands.append(self._inbox.get_nowait())
        return commands

    def _report_progress(self, share: float) -> None:
        """Every tenth of the way is enough: llama.cpp calls once per tensor."""
        if share - self._told_share >= PROGRESS_STEP:
            self._told_share = share
            self._channel.send(Progress(share))

    # ---- prepare thread ----

    def _start_preparing(self, prompts: Prompts) -> None:
        usual = threading.stack_size(PREPARE_STACK_BYTES)
        threading.Thread(target=self._prepare, args=(prompts,), name="prepare", daemon=True).start()
        threading.stack_size(usual)
        self._prompts = prompts

    def _prepare(self, prompts: Prompts) -> None:
        while True:
            message = self._to_prepare.get()
            with self._preparing:
                self._prepare_one(prompts, message)
            self._num_prepared += 1

    def _prepare_one(self, prompts: Prompts, message: Generate | Question | Cancel | Stop) -> None:
        request_id.set(message.http_id if isinstance(message, Generate) else "")  # of this thread's log lines
        if isinstance(message, Cancel | Change | Stop):
            self._inbox.put(message)  # between two steps
            return
        try:
            self._answer(prompts, message)
        except RefusedError as refused:
            self._fail(message.id, refused.kind, str(refused), refused.num_prompt_tokens)
        except Exception as error:  # without this thread no request would ever be answered again
            log.exception("a prompt could not be prepared")
            self._fail(message.id, FailureKind.BROKEN, f"preparing the prompt failed: {type(error).__name__}")

    def _answer(self, prompts: Prompts, message: Generate | Tokenize | Detokenize | Render) -> None:
        match message:
            case Generate():
                request, told = prompts.prepare(message)
                if told is not None:
                    self._channel.send(told)
                self._inbox.put(request)
            case Tokenize():
                self._channel.send(prompts.tokenized(message))
            case Detokenize():
                self._channel.send(Detokenized(message.id, prompts.detokenize(message.tokens)))
            case Render():
                self._channel.send(Rendered(message.id, prompts.render(message.conversation)))

    def _fail(self, request_id: int, kind: FailureKind, message: str, num_prompt_tokens: int = 0) -> None:
        self._channel.send(Events((Failed(request_id, kind, message, num_prompt_tokens),)))

    # ---- reader thread ----

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # a reset connection is an end like any other
            for message in self._channel.receive():
                self._dispatch(message)
        # The HTTP process is gone; the main thread may be inside a long step and has nobody to tell.
        os._exit(0)

    def _dispatch(self, message: Message) -> None:
        match message:
            case Ping():
                stuck_s = max(self._stepping.elapsed_s, self._preparing.elapsed_s)
                self._channel.send(Pong(stuck_s, self._stats))
            case Load():
                self._loads.put(message)
            case _ if isinstance(message, Generate | Question | Cancel | Stop):
                self._accept(message)
            case _:
                raise FrameError(f"a worker takes no {type(message).__name__}")

    def _accept(self, message: Generate | Question | Cancel | Stop) -> None:
        """Each hand-over to another thread costs more than a short prompt. The order of requests stays."""
        if self._prompts is not None and self._num_read == self._num_prepared and _is_short(message):
            self._prepare_one(self._prompts, message)
        else:
            self._num_read += 1
            self._to_prepare.put(message)


def _import_all() -> None:
    """Before there is anything to load, or beside it: templates and grammars are needed when the weights are there."""
    check_cpu()  # loading the library is what an unsupported CPU dies of
    importlib.import_module("serve.engine.llama.backend")
    threading.Thread(target=importlib.import_module, args=("serve.worker.prompts",), daemon=True).start()


def _counted(event: Event, request: Request) -> Event:
    """Whoever is refused is told how long its prompt is."""
    return replace(event, num_prompt_tokens=len(request.prompt)) if isinstance(event, Failed) else event


def _is_short(message: Generate | Question | Cancel | Stop) -> bool:
    """Is it prepared in less than a millisecond, whatever it says? A template or a grammar may take its time."""
    if not isinstance(message, Generate):
        return isinstance(message, Cancel | Stop)
    request = message.request
    if not isinstance(request.prompt, TextPrompt) or request.text_bias or request.form.kind is not FormKind.TEXT:
        return False
    return sum(len(part) if isinstance(part, str) else 1 for part in request.prompt.parts) <= SHORT_PROMPT


def main(fd: int) -> int:
    """Entry of the child process: `fd` is its end of the socket."""
    os.nice(NICENESS)
    go_first()
    set_up_logging(LOG_LEVEL)
    with socket.socket(fileno=fd) as sock:
        return Worker(Channel(sock)).run()
