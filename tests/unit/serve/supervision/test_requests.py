"""Tests of serve.supervision.requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from serve.engine.types import Accepted, Delta, Embedded, Failed, FailureKind, Finished, FinishReason, PromptRead
from serve.errors import WorkerLostError
from serve.messages import Cancel, Detokenized, Rendered, Tokenized
from serve.supervision.requests import Inbox, Requests, Told
from tests.helpers.fakes import FakeClock


def opened(requests: Requests) -> tuple[int, Inbox]:
    """A request with an inbox of its own."""
    inbox = Inbox()
    return requests.open(inbox), inbox


def test_events_reach_their_request_in_order() -> None:
    """Several requests do not mix."""
    requests = Requests(FakeClock())
    (first, to_first), (second, to_second) = opened(requests), opened(requests)
    for event in (Accepted(first, 1), Accepted(second, 2), Delta(first, "a")):
        requests.deliver(event)
    assert to_first.drain() == [Accepted(first, 1), Delta(first, "a")]
    assert to_second.drain() == [Accepted(second, 2)]


def test_several_requests_may_share_an_inbox() -> None:
    """Their client waits for all of them."""
    requests, inbox = Requests(FakeClock()), Inbox()
    first, second = requests.open(inbox), requests.open(inbox)
    requests.deliver(Accepted(second, 2))
    requests.deliver(Accepted(first, 1))
    assert inbox.drain() == [Accepted(second, 2), Accepted(first, 1)]


LAST = [
    lambda number: Finished(number, FinishReason.STOP, 1, 0),
    lambda number: Failed(number, FailureKind.BROKEN, ""),
    lambda number: Embedded(number, b"", 1),
    lambda number: Tokenized(number, (), ()),
    lambda number: Detokenized(number, ""),
    lambda number: Rendered(number, ""),
]


@pytest.mark.parametrize("make", LAST)
def test_a_request_is_open_until_its_last_event_or_until_it_is_dropped(make: Callable[[int], Told]) -> None:
    """What comes later for it goes nowhere."""
    requests = Requests(FakeClock())
    (ended, to_ended), (dropped, to_dropped) = opened(requests), opened(requests)
    requests.deliver(make(ended))
    assert not requests.drop(ended)
    assert requests.drop(dropped)
    assert len(requests) == 0
    for number in (ended, dropped):
        requests.deliver(Delta(number, "late"))
    assert (len(to_ended.drain()), to_dropped.drain()) == (1, [])


def test_one_choice_of_several_does_not_end_its_request() -> None:
    """The last one does."""
    requests = Requests(FakeClock())
    number, _ = opened(requests)
    requests.deliver(Finished(number, FinishReason.STOP, 1, 1, choice=1, is_last=False))
    assert len(requests) == 1
    requests.deliver(Finished(number, FinishReason.STOP, 1, 1, choice=0))
    assert len(requests) == 0


def test_losing_tells_each_open_request_after_all_that_came_before() -> None:
    """None is left, and whoever asks again hears the same."""
    requests = Requests(FakeClock())
    number, inbox = opened(requests)
    requests.deliver(Delta(number, "a"))
    requests.lose(WorkerLostError("gone"))
    assert inbox.drain() == [Delta(number, "a")]
    for _ in range(2):
        with pytest.raises(WorkerLostError, match="gone"):
            inbox.drain()
    assert len(requests) == 0


def test_a_request_whose_prompt_was_being_read_may_be_asked_again() -> None:
    """Its client has heard nothing of the answer; after its first piece it is too late."""
    requests = Requests(FakeClock())
    (reading, _), (begun, to_begun) = opened(requests), opened(requests)
    for number in (reading, begun):
        requests.asks(number, Cancel(number))
        requests.deliver(PromptRead(number, 9, 0, 5))
    requests.deliver(Delta(begun, "a"))
    requests.lose(WorkerLostError("gone"), keeps_unbegun=True)
    assert requests.replay() == [Cancel(reading)]
    assert len(to_begun.drain()) == 2
    with pytest.raises(WorkerLostError):
        to_begun.drain()


def test_whoever_waits_wakes_up_once_for_all_that_came() -> None:
    """Also when nothing comes any more but an error."""

    async def story() -> None:
        inbox = Inbox()
        waiting = asyncio.create_task(inbox.take())
        await asyncio.sleep(0)
        inbox.put(Accepted(1, 1))
        inbox.put(Delta(1, "a"))
        assert await waiting == [Accepted(1, 1), Delta(1, "a")]
        waiting = asyncio.create_task(inbox.take())
        await asyncio.sleep(0)
        inbox.break_with(WorkerLostError("gone"))
        with pytest.raises(WorkerLostError):
            await waiting

    asyncio.run(story())


def test_when_to_come_back_follows_how_long_answers_take() -> None:
    """Neither the wait for a slot counts, nor what was refused or said nothing at all."""
    clock = FakeClock()
    requests = Requests(clock)
    (slow, _), (refused, _), (mute, _) = (opened(requests) for _ in range(3))
    clock.now += 30
    requests.deliver(Failed(refused, FailureKind.TOO_LONG, ""))
    requests.deliver(Delta(slow, "a"))
    clock.now += 4
    requests.deliver(Delta(slow, "b"))
    requests.deliver(Finished(slow, FinishReason.STOP, 1, 2))
    requests.deliver(Finished(mute, FinishReason.STOP, 1, 0))
    for _ in range(5):
        opened(requests)
    assert requests.retry_after_s(num_slots=2) == 6  # three wait, two slots, four seconds each
