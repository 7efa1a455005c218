"""Health in the less usual states of a server; test_api.py has the usual ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from serve import container
from serve.container import Memory
from serve.engine.types import Failed, FailureKind, Task
from serve.messages import Events, Generate, Load, Loaded, Message
from tests.helpers.app import App, running_app
from tests.helpers.fakes import LOADED, EchoWorker, FakeWorker

PATHS = ("/", "/health", "/v1/health", "/healthz", "/ready", "/health/live", "/health/startup", "/health/deep")


def run(story: Callable[[App], Awaitable[None]], kind: type[FakeWorker] = EchoWorker, **settings: Any) -> None:
    """A story of one application."""

    async def all_of_it() -> None:
        async with running_app(kind, **settings) as app:
            await story(app)

    asyncio.run(all_of_it())


class HoldingWorker(EchoWorker):
    """Answers nothing."""

    hold_back = True


class EmbeddingWorker(EchoWorker):
    """Makes vectors only."""

    def send(self, message: Message) -> None:
        """Answer like one."""
        if isinstance(message, Load):
            self.say(Loaded(replace(LOADED.info, generates=False), load_s=0.1))
        else:
            super().send(message)


class FullWorker(EchoWorker):
    """Has no slot free in time."""

    def send(self, message: Message) -> None:
        """Answer like one."""
        if isinstance(message, Generate):
            self.say(Events((Failed(message.id, FailureKind.TOO_LATE, "no slot was free"),)))
        else:
            super().send(message)


@pytest.mark.parametrize("path", PATHS)
def test_health_is_told_to_head_as_to_get(path: str) -> None:
    """Balancers and Ollama's clients ask so; the document of the API has it once."""

    async def story(app: App) -> None:
        assert (await app.client.head(path)).status_code == (await app.client.get(path)).status_code == 200

    run(story)


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/", 200, "starting"),
        ("/health", 503, "starting"),
        ("/healthz", 200, "alive"),
        ("/ready", 503, "starting"),
        ("/health/deep", 503, "starting"),
    ],
)
def test_while_the_first_model_loads_the_server_is_alive(path: str, status: int, word: str) -> None:
    """Liveness holds as soon as the loop turns: whoever kills a server that loads never gets one that serves."""

    async def story(app: App) -> None:
        answer = await app.client.get(path)
        assert (answer.status_code, answer.json()["status"]) == (status, word)

    run(story, FakeWorker)


def test_little_memory_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request might be the one for which the kernel ends the process."""
    monkeypatch.setattr(container, "read_memory", lambda: Memory(99, 100, is_bound=True))

    async def story(app: App) -> None:
        answer = await app.client.get("/ready")
        assert (answer.status_code, answer.json()["reason"]) == (503, "memory: 99 of 100 bytes are taken")
        assert answer.json()["memory"] == {"used_bytes": 99, "total_bytes": 100, "is_limit": True}
        assert (await app.client.get("/healthz")).status_code == 200

    run(story)
    run(lambda app: ready(app, 200), ready_memory_share=1.0)


async def ready(app: App, status: int) -> None:
    """Readiness as expected."""
    assert (await app.client.get("/health/ready")).status_code == status


def test_deep_waits_for_its_token_so_long_and_no_longer() -> None:
    """A worker that does nothing is told as such, and nothing of the question stays behind."""

    async def story(app: App) -> None:
        answer = await app.client.get("/health/deep")
        assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
        assert answer.json()["reason"] == "there was no token within 0.05 s"
        assert app.supervisor.num_requests == 0

    run(story, HoldingWorker, deep_s=0.05)


def test_deep_says_when_it_is_only_busy() -> None:
    """All slots taken is another thing than no answer."""

    async def story(app: App) -> None:
        answer = await app.client.get("/health/deep")
        assert (answer.status_code, answer.json()["status"]) == (503, "busy")

    run(story, FullWorker)


def test_deep_asks_a_model_for_what_it_can_do() -> None:
    """A vector, where it makes no text."""

    async def story(app: App) -> None:
        answer = await app.client.get("/health/deep")
        assert (answer.status_code, answer.json()["num_tokens"]) == (200, 1)
        (asked,) = [m for m in app.launcher.workers[0].heard if isinstance(m, Generate)]
        assert asked.request.task is Task.EMBED

    run(story, EmbeddingWorker)


def test_deep_tells_where_it_was() -> None:
    """Which of two versions answered, and in which container."""

    async def story(app: App) -> None:
        told = (await app.client.get("/health/deep")).json()
        assert (told["color"], told["container_id"], told["model"]) == ("green", container.container_id(), "m")
        assert told["memory"]["total_bytes"] > 0

    run(story, colour="green")
