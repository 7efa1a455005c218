"""Tests of serve.routes.answering: what a stream sends while nothing comes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from starlette.types import Message

from serve.routes.answering import OwningStream

PING = b":\n\n"


async def never() -> Message:
    """A client that stays."""
    raise AssertionError


async def sent_by(stream: OwningStream, sent: list[bytes]) -> None:
    """What it sends, as it comes."""

    async def send(message: Message) -> None:
        sent.append(message.get("body", b"start"))

    await stream({"type": "http"}, never, send)


@pytest.mark.parametrize("ping", [PING, b""])
def test_whoever_waits_hears_that_there_is_somebody(ping: bytes) -> None:
    """As long as nothing comes; nothing comes after the end, and of an API without pings nothing at all."""
    sent: list[bytes] = []

    async def content() -> AsyncIterator[bytes]:
        yield b"first"
        for _ in range(100):
            await asyncio.sleep(0)
        yield b"last"

    async def story() -> None:
        stream = OwningStream(content(), "text/event-stream", contextlib.AsyncExitStack(), ping=ping, ping_s=0)
        await sent_by(stream, sent)
        await asyncio.sleep(0)

    asyncio.run(story())
    assert (sent[:2], sent[-2:]) == ([b"start", b"first"], [b"last", b""])
    assert set(sent[2:-2]) == ({PING} if ping else set())


def test_who_hears_much_hears_no_pings() -> None:
    """They are for silence only."""
    sent: list[bytes] = []

    async def content() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"data"
            await asyncio.sleep(0)

    async def story() -> None:
        stream = OwningStream(content(), "text/event-stream", contextlib.AsyncExitStack(), ping=PING, ping_s=0)
        await sent_by(stream, sent)

    asyncio.run(story())
    assert sent.count(b"data") == 100
    assert PING not in sent


def test_a_stream_that_breaks_pings_no_more() -> None:
    """And lets go of what it owned."""
    sent: list[bytes] = []
    ended: list[str] = []

    async def content() -> AsyncIterator[bytes]:
        yield b"first"
        raise ZeroDivisionError

    async def story() -> None:
        owned = contextlib.AsyncExitStack()
        owned.callback(ended.append, "owned")
        with pytest.raises(ZeroDivisionError):
            await sent_by(OwningStream(content(), "text/event-stream", owned, ping=PING, ping_s=0), sent)
        for _ in range(10):
            await asyncio.sleep(0)

    asyncio.run(story())
    assert sent == [b"start", b"first"]
    assert ended == ["owned"]
