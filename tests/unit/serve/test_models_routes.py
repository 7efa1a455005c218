"""Tests of serve.routes.models, on fake workers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

import pytest

from serve.models import ModelEntry, Models
from tests.helpers.app import App, running_app


def run(story: Callable[[App], Awaitable[None]], **options: Any) -> None:
    """A story about an application that serves what is in its folder."""

    async def with_app() -> None:
        async with running_app(models=Models(()), files=("other_one.gguf",), discovers=True, **options) as app:
            await story(app)

    asyncio.run(with_app())


async def states(app: App) -> dict[str, str]:
    """Of all models."""
    return {each["id"]: each["state"] for each in (await app.client.get("/v1/models")).json()["data"]}


def test_a_discovered_model_is_loaded_by_its_first_request() -> None:
    """Its name is its file's, as people may write it."""

    async def story(app: App) -> None:
        assert await states(app) == {"m": "ready_on_disk", "other-one": "ready_on_disk"}
        answer = await app.chat(model="Other-One:latest")
        assert answer.json()["model"] == "other-one"
        assert await states(app) == {"m": "ready_on_disk", "other-one": "serving"}

    run(story)


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_a_model_is_loaded_and_unloaded_by_order(prefix: str) -> None:
    """The answer comes when it is done."""

    async def story(app: App) -> None:
        told = await app.client.post(f"{prefix}/models/load", json={"model": "m"})
        assert told.json() == {"success": True, "model": "m", "state": "serving"}
        told = await app.client.post(f"{prefix}/models/unload", json={"model": "m"})
        assert told.json() == {"success": True, "model": "m", "state": "ready_on_disk"}
        assert (await app.client.post(f"{prefix}/models/load", json={"model": "x"})).status_code == 404

    run(story)


def test_a_removed_model_is_gone_with_its_file() -> None:
    """Also when it served; what is not there can't be removed."""

    async def story(app: App) -> None:
        await app.chat(model="m")
        answer = await app.client.delete("/v1/models/m")
        assert answer.json() == {"id": "m", "object": "model", "deleted": True}
        assert await states(app) == {"other-one": "ready_on_disk"}
        assert (await app.client.delete("/v1/models/m")).status_code == 404

    run(story)


def test_a_model_that_goes_while_a_question_waits_for_it_is_not_found() -> None:
    """It was loaded for the question, and somebody removed it before it could be asked: no mistake of the server's."""

    async def story(app: App) -> None:
        wake = app.supervisor.wake

        async def woken(model: str | None) -> ModelEntry:
            entry = await wake(model)
            assert (await app.client.delete("/v1/models/m")).status_code == 200
            return entry

        with patch.object(app.supervisor, "wake", woken):
            answer = await app.client.post("/tokenize", json={"model": "m", "content": "a"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")

    run(story)


def test_a_configured_model_can_not_be_removed() -> None:
    """Whoever configured it would find it absent, and not know why."""

    async def story() -> None:
        async with running_app(admin_routes="on") as app:
            answer = await app.client.delete("/v1/models/gpt-4o")
            assert answer.status_code == 409
            assert answer.json()["error"]["message"] == "model 'm' is configured: it can be unloaded, not removed"

    asyncio.run(story())


def test_somebody_may_ask_to_look_now() -> None:
    """What is there already is not new."""

    async def story(app: App) -> None:
        assert (await app.client.post("/v1/models/discover")).json() == {"success": True, "models": []}

    run(story)
