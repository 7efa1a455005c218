"""Tests of serve.routes.ollama_models, on fake workers and fake pulls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from serve.errors import ConflictError, ModelNotFoundError, UnauthorizedError
from serve.models import Models, SourceEntry
from serve.pulls.types import PullOrder, PullState
from tests.helpers.app import MODELS, App, running_app

NAME = "hf.co/org/repo:Q8_0"


def run(story: Callable[[App], Awaitable[None]], **options: Any) -> None:
    """A story about the application."""

    async def with_app() -> None:
        async with running_app(**options) as app:
            await story(app)

    asyncio.run(with_app())


async def pulling(app: App, **body: Any) -> asyncio.Task[Any]:
    """A request to pull that has its child."""
    asking = asyncio.create_task(app.client.post("/api/pull", json={"model": NAME} | body))
    while not app.children.all:
        await asyncio.sleep(0)
    return asking


def lines(answer: Any) -> list[dict[str, Any]]:
    """What a stream said."""
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_client_that_asks_which_version_this_is_gets_ollamas() -> None:
    """Some refuse an old one. HEAD is for who wants to know only whether somebody is there."""

    async def story(app: App) -> None:
        version = (await app.client.get("/api/version")).json()["version"]
        assert tuple(map(int, version.split("."))) >= (0, 6, 4)
        for path in ("/api/version", "/api/tags"):
            answer = await app.client.head(path)
            assert (answer.status_code, answer.content) == (200, b"")

    run(story)


def test_models_are_listed_that_are_here() -> None:
    """Under all their names, with a tag."""

    async def story(app: App) -> None:
        models = (await app.client.get("/api/tags")).json()["models"]
        assert [each["name"] for each in models] == ["m:latest", "gpt-4o:latest"]
        assert (await app.client.get("/api/ps")).json()["models"][0]["model"] == "m:latest"

    run(story)


def test_a_model_that_is_not_here_is_not_listed() -> None:
    """And does not run."""

    async def story(app: App) -> None:
        for path in ("/api/tags", "/api/ps"):
            assert (await app.client.get(path)).json() == {"models": []}

    run(story, present=False)


@pytest.mark.parametrize("body", [{"model": "m"}, {"name": "M:latest"}, {"model": "gpt-4o", "verbose": True}])
def test_a_model_is_shown_by_any_of_its_names(body: dict[str, Any]) -> None:
    """Also under the older word for one."""

    async def story(app: App) -> None:
        found = (await app.client.post("/api/show", json=body)).json()
        assert (found["template"], found["details"]["format"]) == ("a template", "gguf")
        assert found["capabilities"] == ["completion", "tools"]

    run(story)


def test_which_model_must_be_said() -> None:
    """In Ollama's words, as an unknown one."""

    async def story(app: App) -> None:
        answer = await app.client.post("/api/show", json={})
        assert (answer.status_code, answer.json()) == (400, {"error": "model is required"})
        answer = await app.client.post("/api/show", json={"model": "other"})
        assert (answer.status_code, answer.json()) == (404, {"error": "model 'other' not found"})

    run(story)


def test_a_pull_is_told_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Ollama's words and order; the model gets the name that it was pulled by."""
    copied: list[tuple[str, str]] = []

    async def discover(_: object) -> tuple[str, ...]:
        return ("a.q8-0",)

    async def copy(name: str, new_name: str) -> None:
        copied.append((name, new_name))

    async def story(app: App) -> None:
        monkeypatch.setattr(app.supervisor, "copy", copy)
        pulls = app.services.pulls
        monkeypatch.setattr(pulls, "_ports", replace(pulls._ports, discover=discover))
        asking = await pulling(app)
        (child,) = app.children.all
        assert child.order == PullOrder("org/repo", "*Q8_0*.gguf")
        child.tell(PullState.DOWNLOADING, 50)
        await asyncio.sleep(0.01)
        child.tell(PullState.VERIFYING, 100)
        child.complete()
        told = lines(await asking)
        words = [line["status"].split()[0] for line in told]
        assert words[-3:] == ["verifying", "writing", "success"]
        download = next(line for line in told if "digest" in line)
        assert (download["total"], download["completed"]) == (100, 50)
        assert copied == [("a.q8-0", NAME)]

    run(story)


def test_a_pull_may_be_told_by_its_end_only() -> None:
    """One object."""

    async def story(app: App) -> None:
        asking = await pulling(app, stream=False)
        app.children.all[0].complete()
        answer = await asking
        assert (answer.status_code, answer.json()) == (200, {"status": "success"})

    run(story)


@pytest.mark.parametrize("stream", [True, False])
def test_a_pull_that_fails_at_once_has_its_own_status(stream: bool) -> None:
    """Nothing was told yet."""

    async def story(app: App) -> None:
        asking = await pulling(app, stream=stream)
        app.children.all[0].fail(UnauthorizedError("the hub wants a token"))
        answer = await asking
        assert (answer.status_code, answer.json()) == (401, {"error": "the hub wants a token"})

    run(story)


def test_a_pull_that_fails_later_says_so_in_its_last_line() -> None:
    """And nothing of success."""

    async def story(app: App) -> None:
        asking = await pulling(app)
        app.children.all[0].tell(PullState.DOWNLOADING, 50)
        await asyncio.sleep(0.01)
        app.children.all[0].fail(ModelNotFoundError("it went away"))
        told = lines(await asking)
        assert told[-1] == {"error": "it went away"}
        assert {"status": "success"} not in told

    run(story)


def test_a_cancelled_pull_is_an_error() -> None:
    """Whoever waits for it hears why."""

    async def story(app: App) -> None:
        asking = await pulling(app)
        app.children.all[0].tell(PullState.DOWNLOADING, 50)
        await asyncio.sleep(0.01)
        await app.services.pulls.cancel("1")
        assert "cancelled" in lines(await asking)[-1]["error"]

    run(story)


@pytest.mark.parametrize("name", ["m", "GPT-4o:latest"])
def test_a_model_that_is_here_needs_no_pull(name: str) -> None:
    """Whatever its name would mean elsewhere."""

    async def story(app: App) -> None:
        answer = await app.client.post("/api/pull", json={"model": name})
        assert lines(answer) == [{"status": "success"}]
        answer = await app.client.post("/api/pull", json={"name": name, "stream": False})
        assert answer.json() == {"status": "success"}
        assert not app.children.all

    run(story)


def test_a_known_model_comes_from_where_it_is_known_to_be() -> None:
    """Under any of its names; one without a source, from where its name says."""
    source = SourceEntry("org/repo", "v2", "folder/m.gguf", "ab" * 32)
    known = Models((replace(MODELS.models[0], source=source),))

    async def story(app: App) -> None:
        asking = await pulling(app, model="GPT-4o:latest", stream=False)
        assert app.children.all[0].order == PullOrder("org/repo", "folder/m.gguf", "v2", "ab" * 32)
        app.children.all[0].complete()
        assert (await asking).json() == {"status": "success"}

    async def without(app: App) -> None:
        assert (await app.client.post("/api/pull", json={"model": "m"})).status_code == 400

    run(story, present=False, models=known)
    run(without, present=False)


@pytest.mark.parametrize("body", [{"model": "llama3.2"}, {"model": "m", "insecure": True}, {"name": ""}])
def test_what_can_t_be_pulled_is_refused(body: dict[str, Any]) -> None:
    """With what is allowed; before any child starts."""

    async def story(app: App) -> None:
        answer = await app.client.post("/api/pull", json=body)
        assert answer.status_code == 400
        assert not app.children.all

    run(story, present=False)


def test_a_copy_is_one_more_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the tag that every name has."""
    copied: list[tuple[str, str]] = []

    async def copy(name: str, new_name: str) -> None:
        if new_name == "taken":
            raise ConflictError("another model has it")
        copied.append((name, new_name))

    async def story(app: App) -> None:
        monkeypatch.setattr(app.supervisor, "copy", copy)
        answer = await app.client.post("/api/copy", json={"source": "M", "destination": "n:latest"})
        assert (answer.status_code, answer.content, copied) == (200, b"", [("m", "n")])
        answer = await app.client.post("/api/copy", json={"source": "m", "destination": "taken"})
        assert (answer.status_code, answer.json()) == (409, {"error": "another model has it"})
        answer = await app.client.post("/api/copy", json={"source": "other", "destination": "n"})
        assert (answer.status_code, answer.json()) == (404, {"error": "model 'other' not found"})

    run(story)


def test_what_is_deleted_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor decides whether it may go."""
    removed: list[str] = []

    async def remove(name: str) -> None:
        if name == "other":
            raise ModelNotFoundError("there is no such model")
        removed.append(name)

    async def story(app: App) -> None:
        monkeypatch.setattr(app.supervisor, "remove", remove)
        for body in ({"model": "m"}, {"name": "n"}):
            answer = await app.client.request("DELETE", "/api/delete", json=body)
            assert (answer.status_code, answer.content) == (200, b"")
        assert removed == ["m", "n"]
        answer = await app.client.request("DELETE", "/api/delete", json={"model": "other"})
        assert (answer.status_code, answer.json()) == (404, {"error": "model 'other' not found"})
        assert (await app.client.post("/api/delete", json={"model": "m"})).status_code == 405

    run(story)


@pytest.mark.parametrize("path", ["/api/create", "/api/push", "/api/blobs/sha256:ab"])
def test_what_this_server_does_not_do_it_says(path: str) -> None:
    """In Ollama's shape, with the way that there is."""

    async def story(app: App) -> None:
        answer = await app.client.post(path, json={"model": "m"})
        assert answer.status_code == 501
        assert "POST /api/pull" in answer.json()["error"]
        assert (await app.client.head("/api/blobs/sha256:ab")).status_code == 501
        answer = await app.client.get("/api/nothing")
        assert (answer.status_code, list(answer.json())) == (404, ["error"])

    run(story)
