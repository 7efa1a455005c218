"""Tests of serve.supervision.generation."""

from __future__ import annotations

import asyncio

import pytest

from serve.engine.types import Accepted, Failed, FailureKind, Finished, FinishReason
from serve.errors import GenerationError, OverloadedError, QueueTimeoutError, RequestError, from_engine
from serve.messages import GenerateRequest, TextPrompt
from serve.supervision.generation import Generation
from serve.supervision.requests import Inbox

REQUESTS = [GenerateRequest(TextPrompt((str(number),))) for number in range(5)]


class FakeTarget:
    """Remembers what was started and ended. Has room for so many at once."""

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.started: list[GenerateRequest] = []
        self.ended: list[int] = []
        self.inbox = Inbox()

    def start(self, request: GenerateRequest, inbox: Inbox) -> int:
        """Ids are 10, 11, ..."""
        if len(self.started) >= self.room:
            raise OverloadedError("full")
        self.inbox = inbox
        self.started.append(request)
        return 9 + len(self.started)

    def finish(self, request_id: int) -> None:
        """Nobody listens."""
        self.ended.append(request_id)

    def error(self, failed: Failed) -> RequestError:
        """As a keeper says it."""
        return from_engine(failed, context_tokens=64, retry_after_s=7)


def end(number: int) -> Finished:
    """The last event."""
    return Finished(number, FinishReason.STOP, 1, 1)


def test_a_long_list_runs_a_few_at_a_time() -> None:
    """The next starts when one has ended, and each event says whose it is."""

    async def story() -> None:
        target = FakeTarget()
        with Generation(target, REQUESTS, window=2) as generation:
            batches = generation.batches()
            assert len(target.started) == 2
            target.inbox.put(Accepted(11, 1))
            target.inbox.put(end(11))
            assert await anext(batches) == [(1, Accepted(11, 1)), (1, end(11))]
            assert target.started == REQUESTS[:3]
            for number in (10, 12, 13, 14):
                target.inbox.put(end(number))
                await anext(batches)
            assert [batch async for batch in batches] == []
        assert target.started == REQUESTS
        assert target.ended == []

    asyncio.run(story())


def test_leaving_early_ends_what_is_open() -> None:
    """And starts nothing more."""

    async def story() -> None:
        target = FakeTarget()
        with Generation(target, REQUESTS, window=3) as generation:
            target.inbox.put(end(11))
            await anext(generation.batches())
        assert target.ended == [10, 12, 13]

    asyncio.run(story())


def test_what_finds_no_room_at_the_start_leaves_nothing_behind() -> None:
    """All or none."""
    target = FakeTarget(room=2)
    with pytest.raises(OverloadedError), Generation(target, REQUESTS, window=3):
        raise AssertionError
    assert target.ended == [10, 11]


@pytest.mark.parametrize(
    ("kind", "error", "retry_after_s"),
    [
        (FailureKind.BROKEN, GenerationError, None),
        (FailureKind.QUEUE_FULL, OverloadedError, 7),
        (FailureKind.TOO_LATE, QueueTimeoutError, 7),
    ],
)
def test_one_failure_fails_all(kind: FailureKind, error: type[RequestError], retry_after_s: int | None) -> None:
    """Its client wanted them together. Where waiting helps, it is told how long."""

    async def story() -> None:
        target = FakeTarget()
        with Generation(target, REQUESTS[:2], window=2) as generation:
            target.inbox.put(Failed(11, kind, "no"))
            with pytest.raises(error) as caught:
                await anext(generation.batches())
        assert caught.value.retry_after_s == retry_after_s
        assert 10 in target.ended

    asyncio.run(story())


def test_late_words_of_an_ended_request_are_no_news() -> None:
    """They may be on their way already."""

    async def story() -> None:
        target = FakeTarget()
        with Generation(target, REQUESTS[:2], window=2) as generation:
            batches = generation.batches()
            for told in (end(10), end(10), end(11)):
                target.inbox.put(told)
            assert await anext(batches) == [(0, end(10)), (1, end(11))]

    asyncio.run(story())
