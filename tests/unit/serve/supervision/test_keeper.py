"""Tests of serve.supervision.keeper, on fake processes, disk and clock."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from serve.engine.types import Accepted, Delta, Finished, FinishReason, Stats
from serve.errors import ModelNotReadyError, OverloadedError, WorkerLostError
from serve.ipc import FrameError
from serve.messages import (
    Cancel,
    Events,
    Generate,
    GenerateRequest,
    Load,
    Message,
    NotLoaded,
    Pong,
    Stop,
    TextPrompt,
    Tokenize,
)
from serve.models import ModelEntry
from serve.supervision.keeper import Keeper
from serve.supervision.lifecycle import Lifecycle, State
from serve.supervision.link import TICK_S
from serve.supervision.ports import Options, Seen
from serve.supervision.requests import Inbox
from serve.supervision.rounds import Rounds
from tests.helpers.fakes import LOADED, WRITTEN_AT, FakeClock, FakeDisk, FakeLauncher, FakeWorker

FILE = "m.gguf"
ENTRY = ModelEntry(id="m", file=FILE, num_slots=2, context_tokens=64)
OPTIONS = Options(Path("/models"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60)
REQUEST = GenerateRequest(TextPrompt(("hello",)))


class World:
    """A keeper and all that it was given."""

    def __init__(self, kind: type[FakeWorker] = FakeWorker) -> None:
        self.clock, self.disk, self.launcher = FakeClock(), FakeDisk(files={FILE}), FakeLauncher(kind)
        self.keeper = Keeper(
            ENTRY,
            launcher=self.launcher,
            options=OPTIONS,
            clock=self.clock,
            lifecycle=Lifecycle(clock=self.clock, jitter=lambda: 1.0),
        )
        self.rounds = Rounds(self.disk, OPTIONS, self.clock)

    def state(self) -> State:
        """The model's state."""
        return self.keeper.status().state

    @property
    def worker(self) -> FakeWorker:
        """The newest one."""
        return self.launcher.workers[-1]

    async def tick(self, times: int = 1) -> None:
        """Let some time pass."""
        for _ in range(times):
            self.clock.now += TICK_S
            self.keeper.check()
            if not self.keeper.life.is_resident:
                await self.rounds.look(self.keeper)
                if self.state() is State.READY_ON_DISK and self.keeper.wish.is_on:
                    await self.keeper.launch()

    async def serve(self) -> FakeWorker:
        """Until it serves."""
        while not self.keeper.has_worker:
            await self.tick()
        self.worker.say(LOADED)
        assert self.state() is State.SERVING
        return self.worker


class KeeperMachine(RuleBasedStateMachine):
    """Anything may happen to a worker and its requests at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World()
        self.open: dict[int, Inbox] = {}
        self.begun: set[int] = set()
        self.asked_of: dict[int, FakeWorker] = {}  # the first worker of each

    @rule(quarters=st.integers(1, 12), answers=st.booleans())
    def time_passes(self, quarters: int, answers: bool) -> None:
        """Ticks, with or without pongs."""
        for _ in range(quarters):
            self.runner.run(self.world.tick())
            if answers and self.world.keeper.has_worker:
                self.world.worker.say(Pong(0.0, Stats()))

    @rule(present=st.booleans(), pulling=st.booleans())
    def disk_changes(self, present: bool, pulling: bool) -> None:
        """Files come and go."""
        self.world.disk.files = {FILE} if present else set()
        self.world.disk.pulling = {FILE} if pulling else set()

    @precondition(lambda self: self.world.keeper.has_worker)
    @rule(message=st.sampled_from([LOADED, NotLoaded("broken file"), Pong(99.0, Stats())]))
    def worker_says(self, message: Message) -> None:
        """Also what makes no sense at that moment."""
        self.world.worker.say(message)

    @precondition(lambda self: self.world.launcher.workers)
    @rule(data=st.data())
    def a_worker_ends(self, data: st.DataObject) -> None:
        """The present one, or late news of an old one."""
        data.draw(st.sampled_from(self.world.launcher.workers)).end("was killed by SIGKILL")

    @rule()
    def request_comes(self) -> None:
        """It is taken exactly when the model serves and there is room."""
        room = len(self.open) < ENTRY.num_slots + OPTIONS.max_waiting
        try:
            inbox = Inbox()
            number = self.world.keeper.desk.start(REQUEST, inbox)
        except ModelNotReadyError:
            assert self.world.state() is not State.SERVING
        except OverloadedError:
            assert not room
        else:
            assert self.world.state() is State.SERVING
            assert room
            self.open[number] = inbox
            self.asked_of[number] = self.world.worker

    @precondition(lambda self: self.open and self.world.state() is State.SERVING)
    @rule(data=st.data(), begins=st.booleans())
    def something_is_told(self, data: st.DataObject, begins: bool) -> None:
        """That it was taken, which may be told again by another worker and then is not; or a piece of the answer."""
        number = data.draw(st.sampled_from(sorted(self.open)))
        self.world.worker.say(Events((Delta(number, "a") if begins else Accepted(number, 1),)))
        told = self.open[number].drain()
        assert len(told) == 1 if begins else len(told) <= 1
        if begins:
            self.begun.add(number)

    @precondition(lambda self: self.open and self.world.state() is State.SERVING)
    @rule(data=st.data())
    def request_ends(self, data: st.DataObject) -> None:
        """Its last event comes through, and it makes room."""
        number = data.draw(st.sampled_from(sorted(self.open)))
        self.world.worker.say(Events((Finished(number, FinishReason.STOP, 1, 1),)))
        assert isinstance(self.open.pop(number).drain()[-1], Finished)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def client_leaves(self, data: st.DataObject) -> None:
        """The worker is told, if it knows of it, and nothing comes any more."""
        number = data.draw(st.sampled_from(sorted(self.open)))
        events = self.open.pop(number)
        self.world.keeper.desk.finish(number)
        worker = self.world.worker
        knows = any(isinstance(m, Generate) and m.id == number for m in worker.heard)
        assert (Cancel(number) in worker.heard) == (knows and self.world.keeper.has_worker)
        worker.say(Events((Delta(number, "late"),)))
        assert events.drain() == []

    @rule()
    def somebody_unloads(self) -> None:
        """Its requests may end first, and it is not loaded again by itself."""
        self.world.keeper.unload("a test says so")
        assert not self.world.keeper.wish.is_on

    @rule()
    def somebody_wants(self) -> None:
        """As a request does."""
        self.world.keeper.wish.want()

    @invariant()
    def nobody_is_forgotten(self) -> None:
        """A request is with the present worker, or waits for the next one as it had not begun, or was told, once."""
        for number, events in tuple(self.open.items()):
            try:
                assert events.drain() == []
            except (WorkerLostError, ModelNotReadyError):
                del self.open[number]
        assert self.world.keeper.status().num_requests == len(self.open)
        if not self.world.keeper.life.is_resident:
            assert self.world.keeper.wish.is_on or not self.open
            assert not self.begun & self.open.keys()

    @invariant()
    def nothing_is_asked_more_than_twice(self) -> None:
        """One of them may be what the worker died of."""
        for number in self.open:
            asked = [
                w for w in self.world.launcher.workers for m in w.heard if isinstance(m, Generate) and m.id == number
            ]
            assert 1 <= len(asked) <= 2
            assert asked[0] is self.asked_of[number]
            assert len(set(map(id, asked))) == len(asked)

    @invariant()
    def state_and_worker_agree(self) -> None:
        """There is a worker exactly in the states that have one."""
        with_worker = self.world.state() in (State.LOADING, State.SERVING, State.DRAINING)
        assert self.world.keeper.has_worker == with_worker

    def teardown(self) -> None:
        """Whatever happened: with a whole file and a good worker, it serves again as soon as it is wanted."""
        self.world.disk.files = {FILE}
        self.world.keeper.wish.want()
        self.runner.run(self.recover())
        self.runner.close()

    async def recover(self) -> None:
        """The longest backoff is a minute."""
        for _ in range(600):
            await self.world.tick()
            if self.world.keeper.has_worker:
                self.world.worker.say(Pong(0.0, Stats()))
            if self.world.state() is State.LOADING:
                self.world.worker.say(LOADED)
            if self.world.state() is State.SERVING:
                return
            if self.world.state() is State.DRAINING:
                self.world.worker.end("ended with code 0")
            self.world.keeper.wish.want()
        raise AssertionError(f"it stayed {self.world.state()}")


TestKeeper = KeeperMachine.TestCase
TestKeeper.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_a_worker_is_told_what_to_load() -> None:
    """The first message has the model's path and shape; a step always has room for all slots and a prompt."""

    async def story() -> None:
        world = World()
        await world.tick()
        load = world.worker.heard[0]
        assert isinstance(load, Load)
        assert (load.path, load.num_slots, load.context_tokens, load.step_tokens) == ("/models/m.gguf", 2, 64, 16)

    asyncio.run(story())


def test_a_silent_worker_is_replaced_within_two_seconds() -> None:
    """No pong for 1.5 s: killed, its requests told, and a new one loads after the backoff."""

    async def story() -> None:
        world = World()
        worker = await world.serve()
        inbox = Inbox()
        number = world.keeper.desk.start(REQUEST, inbox)
        assert Generate(number, REQUEST) in worker.heard
        worker.say(Events((Delta(number, "a beginning"),)))
        assert len(inbox.drain()) == 1
        started = world.clock.now
        while world.state() is State.SERVING:
            await world.tick()
        assert world.clock.now - started <= 2.0
        assert worker.is_killed
        with pytest.raises(WorkerLostError, match=r"did not answer for 1\.5 s"):
            inbox.drain()
        await world.tick(4)
        assert len(world.launcher.workers) == 2

    asyncio.run(story())


def test_a_worker_may_take_long_to_its_first_word_but_not_for_ever() -> None:
    """On a busy node its Python starts slowly: only from the first pong on does a short silence count."""

    async def story() -> None:
        world = World()
        await world.tick(round(15 / TICK_S))
        worker = world.worker
        assert not worker.is_killed
        worker.say(Pong(0.0, Stats()))
        await world.tick(round(1.5 / TICK_S))
        assert worker.is_killed
        assert "did not answer for 1.5 s" in world.keeper.status().reason
        while len(world.launcher.workers) < 2:
            await world.tick()
        started = world.clock.now
        while not world.worker.is_killed:  # the allowance is each launch's own
            await world.tick()
        assert world.clock.now - started == OPTIONS.start_s

    asyncio.run(story())


def test_a_worker_that_is_stuck_in_a_step_is_replaced() -> None:
    """It answers pings, but its step never ends."""

    async def story() -> None:
        world = World()
        worker = await world.serve()
        worker.say(Pong(61.0, Stats()))
        await world.tick()
        assert worker.is_killed
        assert world.state() is State.FAILED
        assert "one step or prompt for 61 s" in world.keeper.status().reason

    asyncio.run(story())


def test_a_killed_worker_is_noticed_at_its_end() -> None:
    """No tick is needed: the end of the process is the news."""

    async def story() -> None:
        world = World()
        (await world.serve()).end("was killed by SIGKILL")
        assert world.state() is State.FAILED
        assert world.keeper.status().reason == "its worker was killed by SIGKILL"
        assert world.keeper.status().num_restarts == 0
        await world.tick(3)
        assert world.keeper.status().num_restarts == 1

    asyncio.run(story())


def test_a_broken_model_says_why_in_its_own_words() -> None:
    """The worker's last words are the reason, not the code it ended with."""

    async def story() -> None:
        world = World()
        await world.tick()
        world.worker.say(NotLoaded("m.gguf can't be loaded: bad magic"))
        world.worker.end("ended with code 1")
        assert world.keeper.status().reason == "m.gguf can't be loaded: bad magic"
        with pytest.raises(ModelNotReadyError, match=r"model 'm' is failed: m.gguf can't be loaded: bad magic"):
            world.keeper.desk.start(REQUEST, Inbox())

    asyncio.run(story())


def test_missing_weights_are_named_and_loaded_when_they_come() -> None:
    """ABSENT says which file; PULLING that it is on its way; then it loads by itself."""

    async def story() -> None:
        world = World()
        world.disk.files.clear()
        await world.tick()
        assert world.keeper.status().reason == "the weights file /models/m.gguf is missing"
        world.disk.pulling.add(FILE)
        await world.tick()
        assert world.state() is State.PULLING
        world.disk.files.add(FILE)
        await world.tick()
        assert world.state() is State.LOADING

    asyncio.run(story())


@pytest.mark.parametrize(("trained_tokens", "warns"), [(63, True), (64, False), (0, False)])
def test_more_context_than_the_model_was_trained_for_is_a_warning(
    caplog: pytest.LogCaptureFixture, trained_tokens: int, warns: bool
) -> None:
    """It serves, as somebody may want that; 0 means that the file does not say."""

    async def story() -> None:
        world = World()
        await world.tick()
        world.worker.say(replace(LOADED, info=replace(LOADED.info, trained_context_tokens=trained_tokens)))
        assert world.state() is State.SERVING

    asyncio.run(story())
    assert ("context_tokens of model m is 64: it was trained for 63" in caplog.text) == warns


def test_weights_that_cannot_be_looked_at_are_absent_until_they_can() -> None:
    """A stale network file system is the model's trouble, not the whole server's."""

    async def story() -> None:
        world = World()
        world.disk.error = OSError(errno.ESTALE, "Stale file handle")
        await world.tick()
        assert world.state() is State.ABSENT
        assert world.keeper.status().reason == "the weights file /models/m.gguf can't be looked at: Stale file handle"
        world.disk.error = None
        await world.tick()
        assert world.state() is State.LOADING
        assert world.keeper.status().written_at == WRITTEN_AT

    asyncio.run(story())


def test_a_process_that_cannot_be_started_is_tried_again() -> None:
    """Out of processes or memory: the reason is told, and a later try works."""

    async def story() -> None:
        world = World()
        world.launcher.error = OSError(11, "Resource temporarily unavailable")
        await world.tick()
        assert world.state() is State.FAILED
        assert "Resource temporarily unavailable" in world.keeper.status().reason
        world.launcher.error = None
        await world.tick(4)
        assert world.state() is State.LOADING

    asyncio.run(story())


def test_a_process_that_cannot_be_started_and_is_not_wanted_any_more_is_no_failure() -> None:
    """It was unloaded while it was to be started."""

    async def story() -> None:
        world = World()

        async def launch(*_: object) -> FakeWorker:
            world.keeper.unload("somebody says so")
            raise OSError(11, "Resource temporarily unavailable")

        world.launcher.launch = launch  # type: ignore[method-assign,assignment]
        await world.tick()
        assert world.state() is State.READY_ON_DISK

    asyncio.run(story())


def test_a_worker_that_starts_too_late_is_ended() -> None:
    """The model was unloaded meanwhile."""

    async def story() -> None:
        world = World()
        launch = world.launcher.launch

        async def slow(*given: Any) -> FakeWorker:
            worker = await launch(*given)
            world.keeper.unload("somebody says so")
            return worker

        world.launcher.launch = slow  # type: ignore[method-assign,assignment]
        await world.tick()
        assert world.worker.is_killed
        assert world.worker.heard == []
        world.worker.end("was killed by SIGKILL")
        assert world.state() is State.READY_ON_DISK

    asyncio.run(story())


def test_a_file_that_failed_and_grows_is_tried_when_it_grows_no_more() -> None:
    """Somebody copies it by hand: each look would start a worker in vain."""

    async def story() -> None:
        world = World()
        await world.tick()
        world.worker.end("ended with code 1")
        for size in (1, 2, 3):
            world.keeper.found(Seen(0, size))
            assert world.state() is State.FAILED
        world.keeper.found(Seen(0, 3))
        assert world.state() is State.READY_ON_DISK

    asyncio.run(story())


def test_too_many_requests_are_refused_with_the_numbers() -> None:
    """Slots and waiting places are counted, before the worker hears of it."""

    async def story() -> None:
        world = World()
        await world.serve()
        for _ in range(5):
            world.keeper.desk.start(REQUEST, Inbox())
        with pytest.raises(OverloadedError, match="has 5 requests: 2 may run and 3 may wait") as caught:
            world.keeper.desk.start(REQUEST, Inbox())
        assert caught.value.retry_after_s == 1

    asyncio.run(story())


def test_what_cannot_be_sent_was_never_asked() -> None:
    """It holds no place, whatever went wrong."""

    class Refusing(FakeWorker):
        def send(self, message: Message) -> None:
            if isinstance(message, Generate):
                raise FrameError("too large")
            super().send(message)

    async def story() -> None:
        world = World(Refusing)
        await world.serve()
        with pytest.raises(FrameError):
            world.keeper.desk.start(REQUEST, Inbox())
        with pytest.raises(ZeroDivisionError):
            world.keeper.desk.ask(
                lambda number: Tokenize(number // 0, "", adds_special=True, parses_special=True), Inbox()
            )
        assert world.keeper.status().num_requests == 0

    asyncio.run(story())


def test_stopping_lets_a_serving_worker_end_by_itself() -> None:
    """It is told to stop, and its end is no failure."""

    async def story() -> None:
        world = World()
        worker = await world.serve()
        world.keeper.stop()
        assert worker.heard[-1] == Stop()
        assert world.state() is State.DRAINING
        worker.end("ended with code 0")
        assert world.state() is State.READY_ON_DISK

    asyncio.run(story())


def test_stopping_kills_a_worker_that_still_loads() -> None:
    """It would not listen before it has loaded."""

    async def story() -> None:
        world = World()
        await world.tick()
        world.keeper.stop()
        assert world.worker.is_killed

    asyncio.run(story())
