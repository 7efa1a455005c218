"""Tests of serve.routes.slots, on workers that do what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from serve.engine.types import Failed, FailureKind
from serve.messages import Events, Message, SlotActed, SlotOrdered
from tests.helpers.app import App, running_app
from tests.helpers.fakes import EchoWorker

FILE = {"filename": "a.bin"}


class SlotWorker(EchoWorker):
    """Acts at once; slot 1 is at work."""

    def send(self, message: Message) -> None:
        """Answer orders."""
        super().send(message)
        if isinstance(message, SlotOrdered):
            if message.slot == 1:
                self.say(Events((Failed(message.id, FailureKind.CONFLICT, "at work"),)))
            else:
                self.say(SlotActed(message.id, 84, 1234, 0.0421))


def run(story: Callable[[App], Awaitable[None]], folder: Path | None) -> None:
    """A story about the application."""

    async def with_app() -> None:
        async with running_app(SlotWorker, slot_save_dir=folder, admin_routes="on") as app:
            await story(app)

    asyncio.run(with_app())


def test_actions_are_answered_as_by_llama_server(tmp_path: Path) -> None:
    """With the path of the file for the worker; the folder is made when it is first needed."""

    async def story(app: App) -> None:
        saved = await app.client.post("/slots/0?action=save", json=FILE)
        assert saved.json() == {
            "id_slot": 0,
            "filename": "a.bin",
            "n_saved": 84,
            "n_written": 1234,
            "timings": {"save_ms": 42.1},
        }
        (tmp_path / "slots/a.bin").touch()
        restored = (await app.client.post("/slots/0?action=restore", json=FILE)).json()
        assert (restored["n_restored"], restored["n_read"], restored["timings"]) == (84, 1234, {"restore_ms": 42.1})
        assert (await app.client.post("/slots/0?action=erase")).json() == {"id_slot": 0, "n_erased": 84}
        orders = [each for each in app.launcher.workers[-1].heard if isinstance(each, SlotOrdered)]
        path = str(tmp_path / "slots/a.bin")
        assert [(each.action, each.path) for each in orders] == [("save", path), ("restore", path), ("erase", ".")]

    run(story, tmp_path / "slots")


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/slots/0", FILE, 400, "action"),
        ("/slots/0?action=move", FILE, 400, "action"),
        ("/slots/2?action=erase", None, 400, "0 to 1"),
        ("/slots/-1?action=erase", None, 400, "0 to 1"),
        ("/slots/x?action=erase", None, 400, "0 to 1"),
        ("/slots/²?action=erase", None, 400, "0 to 1"),
        ("/slots/0?action=save", None, 400, "filename"),
        ("/slots/0?action=save", {}, 400, "filename"),
        ("/slots/0?action=save", {"filename": 7}, 400, "filename"),
        ("/slots/0?action=save", {"filename": "../a"}, 400, "filename"),
        ("/slots/0?action=restore", {"filename": "b.bin"}, 404, "b.bin"),
        ("/slots/1?action=save", FILE, 409, "at work"),
        ("/slots/0?action=erase&model=other", None, 404, "other"),
        ("/slots/0?action=save", {**FILE, "model": "other"}, 404, "other"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, path: str, body: Any, status: int, word: str) -> None:
    """Before the worker hears of it, or by the worker."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json=body)
        assert (answer.status_code, word in answer.json()["error"]["message"]) == (status, True), answer.text

    run(story, tmp_path)


@pytest.mark.parametrize("has_folder", [True, False])
def test_the_document_tells_of_it_where_it_is_served(tmp_path: Path, has_folder: bool) -> None:
    """Programs that try all that is in it find nothing that fails by itself."""

    async def story(app: App) -> None:
        paths = (await app.client.get("/openapi.json")).json()["paths"]
        assert ("/slots/{id_slot}" in paths, "/slots" in paths) == (has_folder, True)

    run(story, tmp_path if has_folder else None)


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    """It could when the server started."""

    async def story(app: App) -> None:
        (tmp_path / "file").touch()
        answer = await app.client.post("/slots/0?action=save", json=FILE)
        assert (answer.status_code, "folder for slots" in answer.text) == (500, True)

    run(story, tmp_path / "file/slots")


@pytest.mark.parametrize("action", ["save", "restore", "erase"])
def test_without_a_folder_it_is_not_served(action: str) -> None:
    """As llama-server without --slot-save-path, with the name of the setting."""

    async def story(app: App) -> None:
        answer = await app.client.post(f"/slots/0?action={action}", json=FILE)
        assert answer.status_code == 501
        assert "SLIPWAY_SLOT_SAVE_DIR" in answer.json()["error"]["message"]

    run(story, None)
