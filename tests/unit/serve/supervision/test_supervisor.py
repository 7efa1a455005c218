"""Tests of serve.supervision.supervisor, on workers that echo."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from serve.engine.types import Delta, Failed, FailureKind, Finished
from serve.errors import DrainingError, InvalidRequestError, ModelNotFoundError, WorkerLostError
from serve.messages import Cancel, Events, GenerateRequest, Stop, TextPrompt
from serve.models import ModelEntry, Models
from serve.supervision.lifecycle import State
from serve.supervision.ports import Options
from serve.supervision.supervisor import Supervisor
from tests.helpers.fakes import EchoWorker, FakeClock, FakeDisk, FakeLauncher, FakeWorker

MODELS = Models(
    (
        ModelEntry(id="a", file="a.gguf", num_slots=2, context_tokens=64, aliases=("first",)),
        ModelEntry(id="b", file="b.gguf", num_slots=2, context_tokens=64),
    )
)
OPTIONS = Options(Path("/models"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60)
HELLO = GenerateRequest(TextPrompt(("hello big world",)))


class HoldingWorker(EchoWorker):
    """Accepts, and then says nothing."""

    hold_back = True


def make(kind: type[FakeWorker] = EchoWorker, *files: str) -> tuple[Supervisor, FakeLauncher]:
    """Two models; those of `files` are on disk."""
    launcher = FakeLauncher(kind)
    clock = FakeClock()
    disk = FakeDisk(files=set(files or ("a.gguf", "b.gguf")))
    supervisor = Supervisor(MODELS, launcher=launcher, disk=disk, options=OPTIONS, clock=clock, jitter=lambda: 1.0)
    return supervisor, launcher


async def text_of(supervisor: Supervisor, model: str) -> str:
    """Generate and join."""
    with supervisor.generation(model, [HELLO]) as generation:
        told = [told async for batch in generation.batches() for _, told in batch]
    return "".join(each.text for each in told if isinstance(each, Delta))


def test_a_request_goes_to_its_model_by_id_or_alias() -> None:
    """Both names reach the same worker, and the events end by themselves."""

    async def story() -> None:
        supervisor, launcher = make()
        await supervisor.tick()
        assert await text_of(supervisor, "first") == await text_of(supervisor, "a") == "hello big world "
        assert supervisor.num_requests == 0
        assert not any(isinstance(m, Cancel) for m in launcher.workers[0].heard)

    asyncio.run(story())


def test_an_unknown_model_is_named_with_those_there_are() -> None:
    """The error helps to choose another."""

    async def story() -> None:
        supervisor, _ = make()
        with pytest.raises(ModelNotFoundError, match="no model 'c' here: there is a, b"):
            await text_of(supervisor, "c")

    asyncio.run(story())


def test_leaving_early_cancels() -> None:
    """Whoever stops listening, for whatever reason, frees the slot."""

    async def story() -> None:
        supervisor, launcher = make(HoldingWorker)
        await supervisor.tick()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await text_of(supervisor, "a")
        assert launcher.workers[0].heard[-1] == Cancel(1)
        assert supervisor.num_requests == 0

    asyncio.run(story())


def test_a_dead_worker_ends_its_requests_with_a_retryable_error() -> None:
    """Once something was told of them. And the other model does not notice."""

    async def story() -> None:
        supervisor, launcher = make(HoldingWorker)
        await supervisor.tick()
        task = asyncio.create_task(text_of(supervisor, "a"))
        await asyncio.sleep(0)
        launcher.workers[0].say(Events((Delta(1, "something"),)))
        launcher.workers[0].end("was killed by SIGSEGV")
        with pytest.raises(WorkerLostError, match="killed by SIGSEGV") as caught:
            await task
        assert caught.value.retry_after_s is not None
        assert [s.state for s in supervisor.statuses()] == [State.FAILED, State.SERVING]
        assert supervisor.is_ready

    asyncio.run(story())


def test_the_engines_failure_becomes_the_http_error() -> None:
    """A bad prompt is the client's fault, and says so."""

    async def story() -> None:
        supervisor, launcher = make(HoldingWorker)
        await supervisor.tick()
        task = asyncio.create_task(text_of(supervisor, "a"))
        await asyncio.sleep(0)
        launcher.workers[0].say(Events((Failed(1, FailureKind.BAD_PROMPT, "no tokens"),)))
        with pytest.raises(InvalidRequestError, match="no tokens"):
            await task

    asyncio.run(story())


def test_draining_takes_nothing_new_and_lets_the_running_finish() -> None:
    """Readiness is off at once; what runs goes on to its end."""

    async def story() -> None:
        supervisor, launcher = make(HoldingWorker)
        await supervisor.tick()
        running = asyncio.create_task(text_of(supervisor, "a"))
        await asyncio.sleep(0)
        supervisor.drain()
        assert not supervisor.is_ready
        with pytest.raises(DrainingError):
            await text_of(supervisor, "a")
        launcher.workers[0].say(Events((Delta(1, "done"), Finished(1, "stop", 1, 1))))  # type: ignore[arg-type]
        assert await running == "done"
        assert await supervisor.wait_until_idle(0)

    asyncio.run(story())


def test_waiting_for_idle_ends_when_its_time_is_up() -> None:
    """A request that never ends does not keep the server for ever."""

    async def story() -> None:
        supervisor, _ = make(HoldingWorker)
        await supervisor.tick()
        running = asyncio.create_task(text_of(supervisor, "a"))
        await asyncio.sleep(0)
        assert not await supervisor.wait_until_idle(0)
        running.cancel()

    asyncio.run(story())


def test_stop_ends_all_workers() -> None:
    """Each is told, and none is left."""

    async def story() -> None:
        supervisor, launcher = make()
        await supervisor.tick()
        await supervisor.stop(1.0)
        assert all(worker.heard[-1] == Stop() for worker in launcher.workers)
        assert [s.state for s in supervisor.statuses()] == [State.READY_ON_DISK] * 2

    asyncio.run(story())


def test_ready_with_one_model_started_when_none_is_loading() -> None:
    """One model that serves is enough to be ready; a missing file is not waited for."""

    async def story() -> None:
        supervisor, _ = make(EchoWorker, "a.gguf")
        assert not supervisor.is_ready
        await supervisor.tick()
        assert supervisor.is_ready
        assert supervisor.has_started

    asyncio.run(story())


def test_not_started_while_a_first_load_goes_on() -> None:
    """The startup probe holds until there is a verdict on each file that is there."""

    async def story() -> None:
        supervisor, launcher = make(FakeWorker, "a.gguf")
        await supervisor.tick()
        assert not supervisor.has_started
        launcher.workers[0].end("was killed by SIGABRT")
        assert supervisor.has_started
        assert not supervisor.is_ready

    asyncio.run(story())


def test_one_model_is_told_of_by_its_id() -> None:
    """As in the list of all; of one that is not there, nothing."""
    supervisor, _ = make()
    assert [supervisor.status(each.model) for each in supervisor.statuses()] == supervisor.statuses()
    assert supervisor.status("nobody") is None
