"""LoRA adapters that come and go: what is known of them, and what the worker is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from serve.engine.types import Failed, FailureKind
from serve.messages import AddAdapter, DropAdapter, Events, Generate, Message
from tests.helpers.app import App, running_app
from tests.helpers.fakes import EchoWorker, FakeWorker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models directory with adapters, and what must not be taken for one."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("kind.gguf", "short.gguf"):
        (models / name).write_bytes(b"GGUF")
    (tmp_path / "outside.gguf").write_bytes(b"GGUF")
    (models / "link.gguf").symlink_to(tmp_path / "outside.gguf")
    (models / "folder.gguf").mkdir()
    (models / "dangling.gguf").symlink_to(models / "nowhere")
    return models


def run(folder: Path, story: Callable[[App], Awaitable[None]], kind: type[FakeWorker] = EchoWorker) -> None:
    """A story of one application, in which everybody may do everything."""

    async def all_of_it() -> None:
        async with running_app(kind, models_dir=folder, admin_routes="on") as app:
            await story(app)

    asyncio.run(all_of_it())


async def load(app: App, name: str, file: str, **more: Any) -> Any:
    """One order; what was answered."""
    return await app.client.post("/v1/lora/load", json={"model": "gpt-4o", "name": name, "file": file, **more})


async def names(app: App) -> list[tuple[str, float]]:
    """The adapters and their scales, as llama.cpp's clients see them."""
    return [(each["name"], each["scale"]) for each in (await app.client.get("/lora-adapters")).json()]


def test_an_adapter_is_there_from_now_on(folder: Path) -> None:
    """The worker has it before it can be named; a second one keeps the first."""

    async def story(app: App) -> None:
        refused = await app.chat(lora=[{"name": "kind"}])
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "lora.0")
        told = (await load(app, "kind", "kind.gguf")).json()
        assert told["adapters"] == [{"id": 0, "path": "kind.gguf", "name": "kind", "scale": 0.0}]
        assert (await app.chat(lora=[{"name": "kind"}])).status_code == 200
        await load(app, "short", "short.gguf", scale=0.5)
        assert await names(app) == [("kind", 0.0), ("short", 0.5)]
        heard = app.launcher.workers[0].heard
        (first, _) = [message for message in heard if isinstance(message, AddAdapter)]
        assert (first.adapter.name, first.adapter.path) == ("kind", str(folder / "kind.gguf"))
        await app.chat()
        last = [message for message in heard if isinstance(message, Generate)][-1]
        assert [adapter.name for adapter in last.request.adapters] == ["short"]

    run(folder, story)


def test_an_adapter_of_the_same_name_takes_its_place(folder: Path) -> None:
    """Its number stays."""

    async def story(app: App) -> None:
        await load(app, "a", "kind.gguf")
        await load(app, "b", "kind.gguf")
        await load(app, "a", "short.gguf", scale=1)
        assert await names(app) == [("a", 1.0), ("b", 0.0)]

    run(folder, story)


def test_an_adapter_goes(folder: Path) -> None:
    """It can't be named any more; one that is not there is 404."""

    async def story(app: App) -> None:
        await load(app, "kind", "kind.gguf", scale=1)
        told = await app.client.post("/v1/lora/unload", json={"name": "kind"})
        assert told.json() == {"success": True, "model": "m", "adapters": []}
        assert any(isinstance(message, DropAdapter) for message in app.launcher.workers[0].heard)
        again = await app.client.post("/v1/lora/unload", json={"name": "kind"})
        assert (again.status_code, again.json()["error"]["param"]) == (404, "name")
        assert (await app.chat()).status_code == 200

    run(folder, story)


@pytest.mark.parametrize(
    ("file", "status"),
    [
        ("../outside.gguf", 400),
        ("/etc/passwd", 400),
        ("kind.bin", 400),
        (".kind.gguf", 400),
        ("nothing.gguf", 404),
        ("dangling.gguf", 404),
        ("link.gguf", 400),
        ("folder.gguf", 400),
    ],
)
def test_only_files_of_the_models_directory_are_loaded(folder: Path, file: str, status: int) -> None:
    """By their names; a link that leads out of it is none of them, and the worker hears nothing of it."""

    async def story(app: App) -> None:
        answer = await load(app, "x", file)
        assert (answer.status_code, answer.json()["error"]["param"]) == (status, "file")
        assert not any(isinstance(message, AddAdapter) for message in app.launcher.workers[0].heard)
        assert await names(app) == []

    run(folder, story)


class RefusingWorker(EchoWorker):
    """Can't use any adapter."""

    def send(self, message: Message) -> None:
        """Answer like one."""
        if isinstance(message, AddAdapter):
            self.say(Events((Failed(message.id, FailureKind.UNSUPPORTED, "it is for another model"),)))
        else:
            super().send(message)


def test_an_adapter_that_does_not_fit_is_not_there(folder: Path) -> None:
    """The worker says why; nothing else changes."""

    async def story(app: App) -> None:
        answer = await load(app, "kind", "kind.gguf")
        assert (answer.status_code, answer.json()["error"]["message"]) == (400, "it is for another model")
        assert await names(app) == []
        assert (await app.chat()).status_code == 200

    run(folder, story, RefusingWorker)
