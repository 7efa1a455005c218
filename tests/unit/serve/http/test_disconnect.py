"""Tests of serve.http.disconnect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.http.disconnect import CancelOnDisconnect

HTTP: Scope = {"type": "http"}
BODY: Message = {"type": "http.request", "body": b"x", "more_body": False}
GONE: Message = {"type": "http.disconnect"}


def client(*messages: Message) -> Receive:
    """A client that sends this and then stays silent."""
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    return receive


async def nowhere(_: Message) -> None:
    """Where answers go here."""


def run(app: Callable[[Scope, Receive, Send], Awaitable[None]], receive: Receive) -> None:
    """One request."""
    wrapped: ASGIApp = CancelOnDisconnect(app)
    asyncio.run(asyncio.wait_for(_call(wrapped, receive), 2))


async def _call(app: ASGIApp, receive: Receive) -> None:
    await app(HTTP, receive, nowhere)


def test_a_handler_is_cancelled_when_its_client_leaves() -> None:
    """Wherever it waits; and its clean-up runs to the end before the request is over."""
    story: list[str] = []

    async def handler(_: Scope, receive: Receive, __: Send) -> None:
        assert await receive() == BODY
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            story.append("cleaned up")

    run(handler, client(BODY, GONE))
    assert story == ["cleaned up"]


def test_a_handler_that_ends_ends_the_request() -> None:
    """The listener does not keep it open."""
    story: list[bytes] = []

    async def handler(_: Scope, receive: Receive, __: Send) -> None:
        story.append((await receive())["body"])

    run(handler, client(BODY))
    assert story == [b"x"]


def test_a_handlers_error_is_passed_on() -> None:
    """It belongs to whoever is outside."""

    async def handler(_: Scope, __: Receive, ___: Send) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(handler, client(BODY))


def test_other_protocols_pass_through() -> None:
    """Only HTTP has requests that one can leave."""
    seen: list[str] = []

    async def handler(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    asyncio.run(CancelOnDisconnect(handler)({"type": "lifespan"}, client(), nowhere))
    assert seen == ["lifespan"]
