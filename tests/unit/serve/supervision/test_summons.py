"""Tests of serve.supervision.summons, fetching, waking and loads: what a request gets whose model is not there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from serve.engine.types import Delta
from serve.errors import (
    ConflictError,
    DrainingError,
    HubError,
    ModelNotFoundError,
    ModelNotReadyError,
    NoRoomError,
    PullingError,
    RequestError,
)
from serve.messages import GenerateRequest, Load, Message, NotLoaded, TextPrompt, Tokenize, Tokenized
from serve.models import ModelEntry, Models, SourceEntry
from serve.supervision.lifecycle import State
from serve.supervision.ports import Options
from serve.supervision.supervisor import Supervisor
from tests.helpers.fakes import EchoWorker, FakeClock, FakeDisk, FakeLauncher, FakeWorker

OPTIONS = Options(
    Path("/m"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60, memory_bytes=100
)
BASE = ModelEntry(id="m", file="m.gguf", num_slots=2, context_tokens=64, load="on_demand", memory_bytes=60)
HELLO = GenerateRequest(TextPrompt(("hello big world",)))


class BrokenWorker(FakeWorker):
    """Can't load anything."""

    def send(self, message: Message) -> None:
        """Say so."""
        super().send(message)
        if isinstance(message, Load):
            self.say(NotLoaded("bad magic"))
            self.end("ended with code 1")


class HoldingWorker(EchoWorker):
    """Accepts, and says nothing more, while a test wants it so."""

    hold_back = False


class HubPuller:
    """Brings files, or the error that a test wants."""

    def __init__(self, disk: FakeDisk) -> None:
        self.disk = disk
        self.error: RequestError | None = None
        self.may_end = asyncio.Event()

    async def pull(self, source: SourceEntry, file: str) -> None:
        """When it may."""
        assert source.repo == "org/repo"
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        self.disk.files.add(file)


class World:
    """A supervisor that somebody keeps going, and all that it was given."""

    def __init__(self, *entries: ModelEntry, kind: type[FakeWorker] = EchoWorker, **options: object) -> None:
        self.clock, self.launcher = FakeClock(), FakeLauncher(kind)
        self.disk = FakeDisk(files={entry.file for entry in entries if entry.source is None})
        self.puller = HubPuller(self.disk)
        self.supervisor = Supervisor(
            Models(entries),
            launcher=self.launcher,
            disk=self.disk,
            options=replace(OPTIONS, **options),  # type: ignore[arg-type]
            clock=self.clock,
            jitter=lambda: 1.0,
            wall=self.clock,
        )
        self.supervisor.pull_by(self.puller)

    async def ask(self, model: str = "m") -> str:
        """Wake, generate and join."""
        await self.supervisor.wake(model)
        with self.supervisor.generation(model, [HELLO]) as generation:
            told = [told async for batch in generation.batches() for _, told in batch]
        return "".join(each.text for each in told if isinstance(each, Delta))

    def states(self) -> dict[str, State]:
        """Of all models."""
        return {status.model: status.state for status in self.supervisor.statuses()}

    async def until(self, condition: Callable[[], bool]) -> None:
        """What should happen soon; the test's own limit of time is the bound."""
        while not condition():
            await asyncio.sleep(0.001)


def run(world: Callable[[], World], story: Callable[[World], Awaitable[None]]) -> None:
    """A story about a world."""

    async def all_of_it() -> None:
        made = world()
        keeping = asyncio.create_task(made.supervisor.run())
        try:
            await story(made)
        finally:
            keeping.cancel()

    asyncio.run(all_of_it())


def test_a_sleeping_model_is_loaded_by_its_first_request() -> None:
    """One worker for all who ask; a question wakes it, too."""

    async def story(world: World) -> None:
        await world.until(lambda: world.supervisor.is_ready)
        assert await asyncio.gather(*(world.ask() for _ in range(3))) == ["hello big world "] * 3
        assert len(world.launcher.workers) == 1
        await world.supervisor.unload("m")
        assert world.states() == {"m": State.READY_ON_DISK}
        told = await world.supervisor.ask("m", lambda id_: Tokenize(id_, "a", adds_special=True, parses_special=True))
        assert isinstance(told, Tokenized)
        assert world.supervisor.statuses()[0].num_restarts == 0

    run(lambda: World(BASE), story)


def test_a_model_that_can_not_be_loaded_says_why_to_all_who_wait() -> None:
    """It is not tried again by each request, but when its backoff is over, or when somebody orders it."""

    async def story(world: World) -> None:
        answers = await asyncio.gather(*(world.ask() for _ in range(3)), return_exceptions=True)
        assert [str(each) for each in answers] == ["model 'm' is failed: bad magic"] * 3
        with pytest.raises(ModelNotReadyError, match="bad magic") as caught:
            await world.ask()
        assert caught.value.retry_after_s == 1
        assert len(world.launcher.workers) == 1
        with pytest.raises(ModelNotReadyError, match="bad magic"):
            await world.supervisor.load("m")
        assert len(world.launcher.workers) == 2
        world.clock.now += 60
        with pytest.raises(ModelNotReadyError, match="bad magic"):
            await world.ask()
        assert len(world.launcher.workers) == 3
        assert not world.supervisor.is_ready

    run(lambda: World(BASE, kind=BrokenWorker), story)


def test_another_file_under_its_name_is_tried_at_once() -> None:
    """What failed is not there any more."""

    async def story(world: World) -> None:
        with pytest.raises(ModelNotReadyError):
            await world.ask()
        world.disk.files.clear()
        world.clock.now += 5
        await world.until(lambda: world.states()["m"] is State.ABSENT)
        world.disk.files.add("m.gguf")
        world.clock.now += 5
        await world.until(lambda: world.states()["m"] is State.READY_ON_DISK)

    run(lambda: World(BASE, kind=BrokenWorker), story)


def test_the_idle_make_room_and_the_busy_do_not() -> None:
    """Who can't come is told the numbers."""
    other = replace(BASE, id="other", file="other.gguf")

    async def story(world: World) -> None:
        await world.ask("m")
        await world.ask("other")
        assert world.states() == {"m": State.READY_ON_DISK, "other": State.SERVING}
        holder = world.launcher.workers[-1]
        assert isinstance(holder, HoldingWorker)
        holder.hold_back = True
        with world.supervisor.generation("other", [HELLO]), pytest.raises(NoRoomError) as caught:
            await world.ask("m")
        assert str(caught.value) == (
            "model 'm' can't be loaded: it needs 60 bytes of the 100 that all models may take, "
            "and other, which can't go for it, have 60"
        )
        assert world.states()["other"] is State.SERVING
        assert await world.ask("m")

    run(lambda: World(BASE, other, kind=HoldingWorker), story)


@pytest.mark.parametrize(("is_guess", "told"), [(True, "hello big world "), (False, "no room")])
def test_a_budget_that_nobody_set_refuses_no_model_that_is_alone(is_guess: bool, told: str) -> None:
    """Its weights may go to a GPU. Others give way to it, and it to them."""
    large = replace(BASE, id="large", file="large.gguf", memory_bytes=None)

    async def story(world: World) -> None:
        await world.ask("m")
        try:
            answer = await world.ask("large")
        except NoRoomError:
            answer = "no room"
        assert answer == told
        assert world.states()["m"] is (State.READY_ON_DISK if is_guess else State.SERVING)

    run(lambda: World(BASE, large, memory_is_guess=is_guess), story)


def test_what_is_there_from_the_start_is_loaded_in_its_order_and_takes_no_place() -> None:
    """The third one has no room; it says so, and comes when somebody asks for it."""
    entries = [
        replace(BASE, id=name, file=f"{name}.gguf", load="preload", load_priority=priority, memory_bytes=50)
        for name, priority in (("last", -1), ("first", 5), ("second", 0))
    ]

    async def story(world: World) -> None:
        await world.until(lambda: len(world.launcher.workers) == 2)
        loads = [worker.heard[0] for worker in world.launcher.workers]
        assert [load.model for load in loads if isinstance(load, Load)] == ["first", "second"]
        await world.until(lambda: "can't be loaded" in world.supervisor.statuses()[0].reason)
        assert world.supervisor.has_started
        assert world.states()["last"] is State.READY_ON_DISK
        assert (await world.supervisor.load("last")).id == "last"
        assert sorted(world.states().values()) == [State.READY_ON_DISK, State.SERVING, State.SERVING]
        assert world.states()["first"] is State.SERVING

    run(lambda: World(*entries), story)


def test_two_are_loaded_at_a_time_from_the_start() -> None:
    """Else the first one would serve as late as the last one."""
    entries = [replace(BASE, id=f"m{n}", file=f"m{n}.gguf", load="preload", memory_bytes=1) for n in range(4)]

    async def story(world: World) -> None:
        await world.until(lambda: len(world.launcher.workers) == 2)
        for _ in range(3):
            await world.supervisor.tick()
        assert len(world.launcher.workers) == 2
        world.launcher.workers[0].end("was killed by SIGKILL")
        await world.until(lambda: len(world.launcher.workers) == 3)

    run(lambda: World(*entries, kind=FakeWorker), story)


def test_an_idle_model_goes_by_itself() -> None:
    """Its status says when; a request in time keeps it; one that is pinned stays."""
    pinned = replace(BASE, id="p", file="p.gguf", pinned=True, memory_bytes=1)

    async def story(world: World) -> None:
        await world.ask("m")
        await world.ask("p")
        status = world.supervisor.statuses()
        assert [(each.unload_at, each.is_pinned) for each in status] == [(1010.0, False), (None, True)]
        world.clock.now += 9
        await world.ask("m")
        world.clock.now += 9
        await asyncio.sleep(0.3)
        assert world.states()["m"] is State.SERVING
        assert world.supervisor.statuses()[0].last_used_at == 1009
        world.clock.now += 1
        await world.until(lambda: world.states()["m"] is State.READY_ON_DISK)
        assert world.states()["p"] is State.SERVING

    run(lambda: World(BASE, pinned, idle_unload_s=10), story)


def test_an_absent_model_is_pulled_by_its_first_request() -> None:
    """Who waits gets an answer; the hub's error is told as it is."""
    entry = replace(BASE, source=SourceEntry("org/repo"))

    async def story(world: World) -> None:
        assert world.supervisor.is_ready
        asking = asyncio.create_task(world.ask())
        await world.until(lambda: world.states() == {"m": State.PULLING})
        world.puller.may_end.set()
        assert await asking == "hello big world "
        await world.supervisor.unload("m")
        world.disk.files.clear()
        world.clock.now += 5
        world.puller.error = HubError("the hub answers 500")
        await world.until(lambda: world.states() == {"m": State.ABSENT})
        with pytest.raises(HubError):
            await world.ask()

    run(lambda: World(entry), story)


@pytest.mark.parametrize(("absent", "kind"), [("accept", PullingError), ("refuse", ModelNotReadyError)])
def test_a_server_may_not_let_requests_wait_for_pulls(absent: str, kind: type[RequestError]) -> None:
    """202 while it is on its way, or 503 and no pull."""
    entry = replace(BASE, source=SourceEntry("org/repo"))

    async def story(world: World) -> None:
        with pytest.raises(kind) as caught:
            await world.ask()
        assert type(caught.value) is kind
        world.puller.may_end.set()
        if absent == "accept":
            await world.until(lambda: world.states()["m"] is State.SERVING)
            assert await world.ask()
        else:
            assert not world.supervisor.is_ready

    run(lambda: World(entry, absent=absent), story)


def test_nobody_waits_for_ever() -> None:
    """For a pull that is slow, 202; for a load that is, 503: both may be tried again."""
    absent = replace(BASE, id="absent", file="absent.gguf", source=SourceEntry("org/repo"), memory_bytes=1)

    async def story(world: World) -> None:
        with pytest.raises(PullingError):
            await world.ask("absent")
        with pytest.raises(ModelNotReadyError, match="model 'm' is loading"):
            await world.ask("m")

    run(lambda: World(BASE, absent, kind=FakeWorker, load_wait_s=0.05), story)


def test_who_waits_is_told_when_the_server_stops() -> None:
    """Another one will answer."""

    async def story(world: World) -> None:
        asking = asyncio.create_task(world.ask())
        await world.until(lambda: world.states()["m"] is State.LOADING)
        world.supervisor.leave()
        assert not world.supervisor.is_ready
        assert not asking.done()
        world.supervisor.drain()
        with pytest.raises(DrainingError):
            await asking
        with pytest.raises(DrainingError):
            await world.ask()

    run(lambda: World(BASE, kind=FakeWorker), story)


def test_an_order_to_unload_lets_requests_end_and_tells_who_waits() -> None:
    """Who waits for its load is told that it does not come."""

    async def story(world: World) -> None:
        asking = asyncio.create_task(world.ask())
        await world.until(lambda: world.states()["m"] is State.LOADING)
        unloading = asyncio.create_task(world.supervisor.unload("m"))
        with pytest.raises(ModelNotReadyError, match="was unloaded: somebody unloaded it"):
            await asking
        await world.until(lambda: world.launcher.workers[0].is_killed)
        world.launcher.workers[0].end("was killed by SIGKILL")
        await unloading
        assert world.states()["m"] is State.READY_ON_DISK

    run(lambda: World(BASE, kind=FakeWorker), story)


def test_discovered_models_come_and_go_with_their_files() -> None:
    """Also while they serve. What is removed is unloaded first, and goes on under a name it was copied to."""

    async def story(world: World) -> None:
        world.disk.files = {"a.gguf", "b.gguf"}
        assert await world.supervisor.discover() == ["a", "b"]
        await world.ask("a")
        await world.supervisor.copy("a", "c:latest")
        assert await world.ask("C")
        await world.supervisor.remove("a")
        assert list(world.states()) == ["b", "c"]
        assert await world.ask("c")
        await world.supervisor.remove("c")
        assert world.disk.files == {"b.gguf"}
        with pytest.raises(ModelNotFoundError):
            await world.supervisor.remove("c")
        await world.ask("b")
        await world.supervisor.copy("b", "d")
        await world.supervisor.remove("d")
        assert list(world.states()) == ["b"]
        world.disk.files.clear()
        await world.supervisor.discover()
        assert world.supervisor.models == Models(())
        await world.until(lambda: not world.supervisor._leaving)
        assert not world.supervisor.is_ready

    run(lambda: World(discovers=True, memory_bytes=None), story)


def test_a_configured_model_is_not_removed() -> None:
    """Its name may be copied all the same, and the copy forgotten."""

    async def story(world: World) -> None:
        await world.supervisor.copy("m", "n")
        assert await world.ask("n")
        await world.supervisor.remove("n")
        with pytest.raises(ConflictError, match="'m' is configured"):
            await world.supervisor.remove("m")
        assert world.states()["m"] is State.SERVING

    run(lambda: World(BASE), story)


def test_keep_alive_counts_from_now_on() -> None:
    """0 is as soon as it is idle."""

    async def story(world: World) -> None:
        await world.ask()
        world.supervisor.keep_alive("m", -1)
        assert world.supervisor.statuses()[0].is_pinned
        world.supervisor.keep_alive("m", 0)
        await world.until(lambda: world.states()["m"] is State.READY_ON_DISK)

    run(lambda: World(BASE), story)
