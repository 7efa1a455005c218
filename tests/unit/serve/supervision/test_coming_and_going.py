"""The supervisor as a whole, as a state machine: requests, orders, files, crashes and time in any order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from serve.engine.types import Accepted, Delta, Finished, FinishReason, Stats
from serve.errors import RequestError
from serve.messages import Cancel, Events, Generate, GenerateRequest, Load, Message, NotLoaded, Ping, Pong, Stop
from serve.messages import TextPrompt as Text
from serve.models import ModelEntry, Models
from serve.supervision.link import TICK_S
from serve.supervision.ports import Options
from serve.supervision.supervisor import Supervisor
from tests.helpers.fakes import LOADED, FakeClock, FakeDisk, FakeLauncher, FakeWorker

BYTES, BUDGET = 40, 100  # room for two
BASE = ModelEntry(id="", file="", num_slots=2, context_tokens=64, memory_bytes=BYTES, load="on_demand")
MODELS = Models(
    (
        replace(BASE, id="first", file="first.gguf", load="preload"),
        replace(BASE, id="pinned", file="pinned.gguf", pinned=True),
        replace(BASE, id="small", file="small.gguf", memory_bytes=15),
        replace(BASE, id="brief", file="brief.gguf", idle_unload_s=2),
    )
)
KNOWN_BYTES = {entry.id: entry.memory_bytes or 0 for entry in MODELS.models}
NAMES = tuple(KNOWN_BYTES)
FILES = tuple(entry.file for entry in MODELS.models)
OPTIONS = Options(
    Path("/models"),
    num_threads=1,
    step_tokens=16,
    max_waiting=3,
    start_s=20,
    silence_s=1.5,
    stuck_s=60,
    memory_bytes=BUDGET,
    drain_s=3,
)
names = st.sampled_from(NAMES)


class PatientWorker(FakeWorker):
    """Answers pings and ends when told; loads and answers when the test says so."""

    model = ""
    open: set[int]
    lost: frozenset[int] = frozenset()  # those that were open when it was told to end

    def send(self, message: Message) -> None:
        """Like a real one."""
        super().send(message)
        match message:
            case Load():
                self.model, self.open = message.model, set()
            case Ping():
                self.say(Pong(0.0, Stats()))
            case Generate():
                self.open.add(message.id)
                self.say(Events((Accepted(message.id, 1),)))
            case Cancel():
                self.open.discard(message.id)
            case Stop():
                self.lost = frozenset(self.open)
                self.end("ended with code 0")
            case _:
                pass


class ServerMachine(RuleBasedStateMachine):
    """Anything may happen at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.run(self.begin())

    async def begin(self) -> None:
        """All files are there."""
        self.clock, self.disk, self.launcher = FakeClock(), FakeDisk(files=set(FILES)), FakeLauncher(PatientWorker)
        self.supervisor = Supervisor(
            MODELS,
            launcher=self.launcher,
            disk=self.disk,
            options=OPTIONS,
            clock=self.clock,
            jitter=lambda: 1.0,
            wall=self.clock,
        )
        self.tasks: list[asyncio.Task[str]] = []
        self.ordered: set[str] = set()  # models that somebody unloaded
        self.unpinned: set[str] = set()  # those of which somebody said how long to keep them

    async def settle(self, seconds: float = TICK_S) -> None:
        """Let everybody do what is to be done."""
        for _ in range(max(1, round(seconds / TICK_S))):
            self.clock.now += TICK_S
            await self.supervisor.tick()
            for _ in range(8):
                await asyncio.sleep(0)

    async def ask(self, name: str) -> str:
        """A request from its beginning to its end."""
        try:
            await self.supervisor.wake(name)
            with self.supervisor.generation(name, [GenerateRequest(Text(("hello",)))]) as generation:
                told = [told async for batch in generation.batches() for _, told in batch]
        except RequestError as error:
            return error.label
        assert isinstance(told[-1], Finished)
        assert sum(isinstance(each, Accepted) for each in told) == 1
        return "answered"

    async def order(self, name: str, *, loads: bool) -> str:
        """What an administrator may want."""
        try:
            await (self.supervisor.load(name) if loads else self.supervisor.unload(name))
        except RequestError as error:
            return error.label
        return "done"

    def worker(self, name: str) -> PatientWorker | None:
        """The present one of a model."""
        link = self.supervisor._keepers[name]._link
        return None if link is None else link.worker  # type: ignore[return-value]

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        """All that is due is done."""
        self.runner.run(self.settle(seconds))

    @rule(name=names)
    def a_request_comes(self, name: str) -> None:
        """It waits, is taken, or is told why not."""

        async def begin() -> None:
            self.tasks.append(asyncio.create_task(self.ask(name)))
            await self.settle()

        self.runner.run(begin())

    @rule(name=names)
    def a_request_is_taken(self, name: str) -> None:
        """If its model can come at all, it does."""

        async def begin() -> None:
            self.tasks.append(asyncio.create_task(self.ask(name)))
            await self.settle()
            worker = self.worker(name)
            if worker is not None and self.supervisor._keepers[name].state == "loading":
                worker.say(LOADED)
            await self.settle()

        self.runner.run(begin())

    @precondition(lambda self: any(not task.done() for task in self.tasks))
    @rule(data=st.data())
    def a_client_leaves(self, data: st.DataObject) -> None:
        """Whatever it waited for."""

        async def leave() -> None:
            open_tasks = [task for task in self.tasks if not task.done()]
            data.draw(st.sampled_from(open_tasks)).cancel()
            await self.settle()

        self.runner.run(leave())

    @rule(name=names, loads=st.booleans())
    def an_order_comes(self, name: str, loads: bool) -> None:
        """Load or unload."""

        async def begin() -> None:
            self.ordered |= set() if loads else {name}
            self.tasks.append(asyncio.create_task(self.order(name, loads=loads)))
            await self.settle()

        self.runner.run(begin())

    @rule(name=names, seconds=st.sampled_from([None, -1.0, 0.0, 1.0]))
    def somebody_says_how_long_to_keep_it(self, name: str, seconds: float | None) -> None:
        """As Ollama's clients do."""
        self.unpinned.add(name)
        self.supervisor.keep_alive(name, seconds)

    @rule(name=names, what=st.sampled_from(["loads", "breaks", "dies"]))
    def a_worker_does_something(self, name: str, what: str) -> None:
        """Whatever its state."""
        worker = self.worker(name)
        if worker is None:
            return
        if what == "loads":
            worker.say(LOADED)
        elif what == "breaks":
            worker.say(NotLoaded("a broken file"))
            worker.end("ended with code 1")
        else:
            worker.end("was killed by SIGKILL")
        self.runner.run(self.settle())

    @rule(name=names, ends=st.booleans())
    def a_worker_answers(self, name: str, ends: bool) -> None:
        """A piece, or to the end."""
        worker = self.worker(name)
        for number in sorted(worker.open if worker is not None and worker.model else ()):
            assert worker is not None
            worker.say(Events((Delta(number, "a"),)))
            if ends:
                worker.open.discard(number)
                worker.say(Events((Finished(number, FinishReason.STOP, 1, 1),)))
        self.runner.run(self.settle())

    @rule(file=st.sampled_from(FILES))
    def a_file_comes_or_goes(self, file: str) -> None:
        """By hand."""
        self.disk.files ^= {file}

    @invariant()
    def memory_is_enough(self) -> None:
        """All that is in memory fits, whatever was asked for."""
        resident = [name for name in NAMES if self.supervisor._keepers[name].life.is_resident]
        assert sum(KNOWN_BYTES[name] for name in resident) <= BUDGET

    @invariant()
    def nobody_is_killed_who_answers(self) -> None:
        """Only what does not serve yet is killed, and only when it is not wanted any more."""
        for worker in self.launcher.workers:
            if worker.is_killed:
                assert not any(isinstance(message, Generate) for message in worker.heard)

    @invariant()
    def only_an_order_ends_what_runs(self) -> None:
        """Nobody who is served loses his model to another one, or to idleness."""
        for worker in self.launcher.workers:
            assert isinstance(worker, PatientWorker)
            assert not worker.lost or worker.model in self.ordered
            if worker.model == "pinned" and Stop() in worker.heard:
                assert "pinned" in self.ordered | self.unpinned
        for name in NAMES:
            ends = self.supervisor._keepers[name].state == "draining"
            assert not ends or not self.supervisor._keepers[name].is_busy or name in self.ordered

    @invariant()
    def who_has_gone_has_been_told(self) -> None:
        """The number of open requests is that of clients who still wait for one."""
        waiting = sum(not task.done() for task in self.tasks)
        assert self.supervisor.num_requests <= waiting

    def teardown(self) -> None:
        """Whatever happened: everybody gets an answer, and each model can be had."""
        self.runner.run(self.recover())
        self.runner.close()

    async def recover(self) -> None:
        """With all files and good workers, one model after the other: there is room, as nothing is busy or pinned."""
        self.disk.files = set(FILES)
        await self.work_until(lambda: all(task.done() for task in self.tasks))
        for name in NAMES:
            for each in NAMES:
                self.supervisor.keep_alive(each, 600)
            task = asyncio.create_task(self.ask(name))
            await self.work_until(task.done)
            while (answer := task.result()) != "answered":
                assert answer == "model_not_ready"  # it is in its backoff
                await self.settle(5)
                task = asyncio.create_task(self.ask(name))
                await self.work_until(task.done)
        await self.supervisor.stop(1.0)
        assert not any(keeper.has_worker for keeper in self.supervisor._all())

    async def work_until(self, is_done: object) -> None:
        """Every worker does its best. A backoff is a minute at most."""
        for _ in range(600):
            await self.settle()
            for name in NAMES:
                worker = self.worker(name)
                if worker is None or not worker.model:
                    continue
                if self.supervisor._keepers[name].state == "loading":
                    worker.say(LOADED)
                for number in sorted(worker.open):
                    worker.open.discard(number)
                    worker.say(Events((Finished(number, FinishReason.STOP, 1, 1),)))
            if is_done():  # type: ignore[operator]
                return
        raise AssertionError(f"it never came to an end: {self.supervisor.statuses()}")


TestServer = ServerMachine.TestCase
TestServer.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
