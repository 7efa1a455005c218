"""Histories for the event loop: one request of a user after the other, and what happens to those under way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from serve.errors import OverloadedError, SetupError, UnavailableError
from serve.history.history import MAX_IN_LINE, MEMORY_BYTES, History, open_history
from serve.history.store import Store
from serve.history.types import Bounds, Owner, Turn

ANNA, BEN = Owner("", "anna"), Owner("", "ben")


def turn(text: str) -> Turn:
    """A turn that asks this."""
    return Turn(text, "a", "m", 1.0)


def run(story: Callable[[History], Awaitable[None]], history: History | None = None) -> None:
    """A story, with a history that is closed at its end."""
    history = history or open_history()

    async def all_of_it() -> None:
        await story(history)

    try:
        asyncio.run(all_of_it())
    finally:
        history.close()


def test_a_users_second_request_waits_for_the_first() -> None:
    """It sees what the first one was answered; another user's does not wait."""
    order: list[str] = []

    async def story(history: History) -> None:
        async def ask(owner: Owner, text: str, go: asyncio.Event) -> None:
            async with history.talk(owner) as talk:
                order.append(f"{text} after {len(await talk.turns())}")
                await go.wait()
                assert await talk.add(turn(text))

        first, other = asyncio.Event(), asyncio.Event()
        other.set()
        tasks = [asyncio.create_task(ask(ANNA, "one", first)), asyncio.create_task(ask(ANNA, "two", other))]
        await ask(BEN, "three", other)
        first.set()
        await asyncio.gather(*tasks)
        assert [each.question for each in await history.turns(ANNA)] == ["one", "two"]

    run(story)
    assert order.index("one after 0") < order.index("two after 1")
    assert "three after 0" in order


def test_a_request_that_is_given_up_lets_the_next_one_in() -> None:
    """Whether it had the turn or waited for it; nothing of it is remembered."""

    async def story(history: History) -> None:
        async def ask_for_ever() -> None:
            async with history.talk(ANNA):
                await asyncio.Event().wait()

        tasks = [asyncio.create_task(ask_for_ever()) for _ in range(3)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with history.talk(ANNA) as talk:
            assert await talk.turns() == []

    run(story)


def test_only_so_many_requests_of_a_user_may_be_here() -> None:
    """More than that is 429; when they have ended, there is room again."""

    async def story(history: History) -> None:
        async def ask() -> None:
            async with history.talk(ANNA):
                await asyncio.sleep(0)

        told = await asyncio.gather(*(ask() for _ in range(MAX_IN_LINE + 2)), return_exceptions=True)
        assert [type(each) for each in told if each is not None] == [OverloadedError] * 2
        await ask()

    run(story)


def test_who_wants_to_be_forgotten_is() -> None:
    """Also what is being answered at that moment is not kept; what is asked afterwards is."""

    async def story(history: History) -> None:
        async with history.talk(ANNA) as talk:
            assert await talk.add(turn("one"))
            assert await history.clear(ANNA) == 1
            assert not await talk.add(turn("two"))
        async with history.talk(ANNA) as talk:
            assert await talk.add(turn("three"))
        assert [each.question for each in await history.turns(ANNA)] == ["three"]

    run(story)


class FullDisk(Store):
    """A store that can't write or read any more."""

    def append(self, owner: Owner, turn: Turn) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    def turns(self, owner: Owner) -> list[Turn]:
        raise sqlite3.OperationalError("disk I/O error")


def test_an_answer_that_cannot_be_kept_is_said_to_be_so(caplog: pytest.LogCaptureFixture) -> None:
    """The log says why; a history that can't be read is an error that can be tried again."""

    async def story(history: History) -> None:
        async with history.talk(ANNA) as talk:
            assert not await talk.add(turn("one"))
            with pytest.raises(UnavailableError):
                await talk.turns()

    run(story, History(FullDisk(None, Bounds(), lambda: 0.0)))
    assert "database or disk is full" in caplog.text


def test_what_was_told_to_be_kept_is_there_after_the_end(tmp_path: Path) -> None:
    """A server that stops in an orderly way leaves one whole file behind."""

    async def story(history: History) -> None:
        assert all(await asyncio.gather(*(history.append(ANNA, turn(str(number))) for number in range(20))))

    run(story, open_history(tmp_path / "h"))
    assert [path.name for path in tmp_path.iterdir()] == ["h"]
    store = Store(tmp_path / "h", Bounds(), lambda: 0.0)
    assert len(store.turns(ANNA)) == 20
    store.close()


def test_a_wrong_place_is_known_at_the_start(tmp_path: Path) -> None:
    """Not at the first chat."""
    with pytest.raises(SetupError, match="can't be kept"):
        open_history(tmp_path)


def test_memory_is_bounded_more_tightly_than_a_disk() -> None:
    """Where there is no file, everything that is kept is memory of the server."""
    big = Turn("q", "a" * (MEMORY_BYTES // 4), "m", 1.0)

    async def story(history: History) -> None:
        for number in range(6):
            assert await history.append(Owner("", f"u{number}"), big)
        kept = [bool(await history.turns(Owner("", f"u{number}"))) for number in range(6)]
        assert kept == [False, False, False, True, True, True]

    run(story, open_history(None, Bounds(user_bytes=MEMORY_BYTES, total_bytes=4 * MEMORY_BYTES)))
