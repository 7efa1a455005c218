"""Tests of serve.http.body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from serve.http.body import MOST_AT_ONCE
from tests.helpers.app import App, running_app

SMALL = 2000
COMPLETIONS = "/v1/completions"


async def post(app: App, content: object) -> tuple[int, str]:
    """A raw request."""
    answer = await app.client.post(COMPLETIONS, content=content)  # type: ignore[arg-type]
    return answer.status_code, answer.json()["error"]["code"]


async def in_pieces(num: int, then: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """A body whose size is not announced, and whose end comes later."""
    for _ in range(num):
        yield b"x" * 1000
    if then is not None:
        await then.wait()


def test_a_body_that_is_too_large_is_413_announced_or_not() -> None:
    """By its header, or while it comes; a smaller one gets through to the parser."""

    async def story() -> None:
        async with running_app(max_body_bytes=SMALL) as app:
            assert await post(app, b"x" * (SMALL + 1)) == (413, "body_too_large")
            assert await post(app, in_pieces(3)) == (413, "body_too_large")
            assert await post(app, in_pieces(2)) == (400, "invalid_request")

    asyncio.run(story())


def test_a_refused_body_leaves_its_connection_to_the_next_request() -> None:
    """Unless its client asked first whether to send it."""

    async def story() -> None:
        async with running_app(max_body_bytes=SMALL) as app:
            for headers, ends in (({}, False), ({"expect": "100-continue"}, True)):
                answer = await app.client.post(COMPLETIONS, content=b"x" * (SMALL + 1), headers=headers)
                assert (answer.status_code, "connection" in answer.headers) == (413, ends)

    asyncio.run(story())


def test_a_body_that_does_not_come_is_408() -> None:
    """Its connection is not used any more."""

    async def story() -> None:
        async with running_app(body_s=0.05) as app:
            answer = await app.client.post(COMPLETIONS, content=in_pieces(1, asyncio.Event()))
            assert (answer.status_code, answer.headers["connection"]) == (408, "close")
            assert "did not come within 0.05 s: 1000 bytes of it did" in answer.text

    asyncio.run(story())


def test_bodies_together_are_bounded_and_room_comes_back() -> None:
    """Whoever comes when slow senders hold it all is told to come again; when they are gone there is room."""

    async def story() -> None:
        async with running_app(max_body_bytes=SMALL) as app:
            end = asyncio.Event()
            held = [asyncio.create_task(post(app, in_pieces(2, end))) for _ in range(MOST_AT_ONCE)]
            for _ in range(1000):
                await asyncio.sleep(0)
            assert await post(app, b"x") == (503, "unavailable")
            end.set()
            assert set(await asyncio.gather(*held)) == {(400, "invalid_request")}
            assert await post(app, b"x") == (400, "invalid_request")

    asyncio.run(story())
