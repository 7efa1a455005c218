"""Tests of serve.routes.pull and serve.answers.pull: pulls over HTTP, with children that are fakes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from serve.errors import ForbiddenError, HubError, ModelNotFoundError, NoSpaceError, RateLimitError, RequestError
from serve.pulls.types import PullState
from tests.helpers.app import App, running_app
from tests.helpers.pulls import FakeChild

BODY = {"model": "TheBloke/TinyLlama-1.1B-Chat-v1.0-GGUF", "filename": "tinyllama-1.1b-chat-v1.0.Q2_K.gguf"}
SIZE = 483_116_416


def run(story: Callable[[App], Awaitable[None]], **settings: Any) -> None:
    """A story with a running application."""

    async def whole() -> None:
        async with running_app(**settings) as app:
            await story(app)

    asyncio.run(asyncio.wait_for(whole(), 20))


def asking(app: App, **more: Any) -> asyncio.Task[httpx.Response]:
    """A request for a pull, on its way."""
    return asyncio.create_task(app.client.post("/v1/api/pull", json=BODY | more))


async def child_of(app: App, number: int = 0) -> FakeChild:
    """The child that was started for it."""
    while len(app.children.all) <= number:
        await asyncio.sleep(0.005)
    return app.children.all[number]


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    """Of an answer."""
    assert response.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in response.text.splitlines()]


def test_a_pull_streams_lines_from_starting_to_complete() -> None:
    """As programs know them from before: `starting` first, `complete` with size_mb last."""

    async def story(app: App) -> None:
        asked = asking(app)
        child = await child_of(app)
        child.tell(PullState.STARTING, 0, SIZE)
        child.tell(PullState.DOWNLOADING, SIZE // 2, SIZE)
        child.tell(PullState.VERIFYING, SIZE, SIZE)
        child.complete(SIZE)
        told = lines(await asked)
        assert (told[0]["status"], told[0]["model"], told[0]["filename"]) == ("starting", *BODY.values())
        downloading = next((line for line in told if line["status"] == "downloading"), None)
        if downloading is not None:  # it was over soon
            assert downloading.keys() >= {"percent", "done_bytes", "total_bytes", "bytes_per_s", "eta_s"}
            assert downloading["percent"] == 50
        assert [line["status"] for line in told[-2:]] == ["discovered", "complete"]
        last = {key: told[-1][key] for key in ("status", "size_mb", "discovered", "models")}
        assert last == {"status": "complete", "size_mb": 460.74, "discovered": False, "models": []}

    run(story)


def test_whoever_comes_late_begins_with_starting_too() -> None:
    """And gets the same pull."""

    async def story(app: App) -> None:
        first = asking(app)
        child = await child_of(app)
        child.tell(PullState.DOWNLOADING, 30)
        second = asking(app)
        await asyncio.sleep(0.05)
        child.complete()
        for told in (lines(await first), lines(await second)):
            assert told[0]["status"] == "starting"
            assert {line["id"] for line in told} == {"1"}
        assert len(app.children.all) == 1

    run(story)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ModelNotFoundError("it has no such file"), 404),
        (ForbiddenError("gated"), 403),
        (RateLimitError("slow down", retry_after_s=70), 429),
        (HubError("the hub answers 503"), 502),
        (NoSpaceError("full"), 507),
    ],
)
def test_what_is_wrong_from_the_start_has_its_own_status(error: RequestError, status: int) -> None:
    """In OpenAI's shape, with the time to come back where the hub told one."""

    async def story(app: App) -> None:
        asked = asking(app)
        (await child_of(app)).fail(error)
        answer = await asked
        assert (answer.status_code, answer.json()["error"]["message"]) == (status, str(error))
        assert answer.headers.get("retry-after") == ("70" if status == 429 else None)

    run(story)


def test_what_goes_wrong_later_is_the_last_line() -> None:
    """The status has been sent by then."""

    async def story(app: App) -> None:
        asked = asking(app)
        child = await child_of(app)
        child.tell(PullState.DOWNLOADING, 30)
        child.fail(NoSpaceError("the disk became full"))
        answer = await asked
        assert answer.status_code == 200
        assert (lines(answer)[-1]["status"], lines(answer)[-1]["error"]) == ("error", "the disk became full")

    run(story)


def test_without_a_stream_there_is_one_answer_at_the_end() -> None:
    """Or an error with its own status, whenever it came."""

    async def story(app: App) -> None:
        asked = asking(app, stream=False)
        (await child_of(app)).complete(SIZE)
        answer = (await asked).json()
        assert (answer["status"], answer["size_mb"]) == ("complete", 460.74)
        asked = asking(app, stream=False)
        child = await child_of(app, 1)
        child.tell(PullState.DOWNLOADING, 30)
        child.fail(HubError("no"))
        assert (await asked).status_code == 502

    run(story)


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"filename": "../../etc/passwd"}, "filename"),
        ({"filename": "m.gguf\0"}, "filename"),
        ({"filename": ""}, "filename"),
        ({"filename": 3}, "filename"),
        ({"filename": "a" * 5000}, "filename"),
        ({"model": "http://evil/x"}, "model"),
        ({"model": None}, "model"),
        ({"sha256": "x"}, "sha256"),
        ({"revision": "../main"}, "revision"),
    ],
)
def test_a_wrong_field_is_400_with_its_name(more: dict[str, Any], param: str) -> None:
    """No child is started."""

    async def story(app: App) -> None:
        answer = await asking(app, **more)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        assert app.children.all == []

    run(story)


def test_two_sources_for_one_name_are_a_conflict() -> None:
    """409, with the pull that runs."""

    async def story(app: App) -> None:
        first = asking(app)
        child = await child_of(app)
        answer = await asking(app, model="other/m")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
        child.complete()
        await first

    run(story)


def test_pulls_are_listed_and_cancelled() -> None:
    """Whoever follows it hears of it."""

    async def story(app: App) -> None:
        asked = asking(app)
        (await child_of(app)).tell(PullState.DOWNLOADING, 25)
        await asyncio.sleep(0.02)
        (listed,) = (await app.client.get("/v1/api/pulls")).json()["pulls"]
        assert (listed["id"], listed["status"], listed["percent"], listed["files"]) == (
            "1",
            "downloading",
            25,
            ["m.gguf"],
        )
        answer = await app.client.delete("/v1/api/pulls/1")
        assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
        assert lines(await asked)[-1]["status"] == "cancelled"
        assert app.children.all[0].ended == [True]
        assert (await app.client.delete("/v1/api/pulls/2")).status_code == 404

    run(story)


def test_a_client_that_leaves_ends_nothing() -> None:
    """Others may want the file, and it can be asked for again."""

    async def story(app: App) -> None:
        asked = asking(app)
        child = await child_of(app)
        child.tell(PullState.DOWNLOADING, 25)
        asked.cancel()
        await asyncio.sleep(0.02)
        assert child.ended == []
        child.complete()
        await asyncio.sleep(0.02)
        assert [pull["status"] for pull in (await app.client.get("/v1/api/pulls")).json()["pulls"]] == ["complete"]

    run(story)
