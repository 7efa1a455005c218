"""Tests of serve.requests."""

from __future__ import annotations

from serve.engine.types import Accepted, Delta, Failed, FailureKind, Finished, FinishReason
from serve.errors import WorkerLostError
from serve.requests import Requests
from tests.helpers.fakes import FakeClock


def test_events_reach_their_request_in_order() -> None:
    """Several requests do not mix."""
    requests = Requests(FakeClock())
    (first, to_first), (second, to_second) = requests.open(), requests.open()
    for event in (Accepted(first, 1), Accepted(second, 2), Delta(first, "a")):
        requests.deliver(event)
    assert [to_first.get_nowait(), to_first.get_nowait()] == [Accepted(first, 1), Delta(first, "a")]
    assert to_second.get_nowait() == Accepted(second, 2)


def test_a_request_is_open_until_its_last_event_or_until_it_is_dropped() -> None:
    """What comes later for it goes nowhere."""
    requests = Requests(FakeClock())
    (ended, to_ended), (dropped, to_dropped) = requests.open(), requests.open()
    requests.deliver(Finished(ended, FinishReason.STOP, 1, 0))
    assert not requests.drop(ended)
    assert requests.drop(dropped)
    assert len(requests) == 0
    for number in (ended, dropped):
        requests.deliver(Delta(number, "late"))
    assert (to_ended.qsize(), to_dropped.qsize()) == (1, 0)


def test_losing_tells_each_open_request_once() -> None:
    """None is left."""
    requests = Requests(FakeClock())
    queues = [requests.open()[1] for _ in range(3)]
    lost = WorkerLostError("gone")
    requests.lose(lost)
    requests.lose(lost)
    assert [[queue.get_nowait(), queue.qsize()] for queue in queues] == [[lost, 0]] * 3
    assert len(requests) == 0


def test_when_to_come_back_follows_how_long_answers_take() -> None:
    """Neither the wait for a slot counts, nor what was refused or said nothing at all."""
    clock = FakeClock()
    requests = Requests(clock)
    (slow, _), (refused, _), (mute, _) = (requests.open() for _ in range(3))
    clock.now += 30
    requests.deliver(Failed(refused, FailureKind.TOO_LONG, ""))
    requests.deliver(Delta(slow, "a"))
    clock.now += 4
    requests.deliver(Delta(slow, "b"))
    requests.deliver(Finished(slow, FinishReason.STOP, 1, 2))
    requests.deliver(Finished(mute, FinishReason.STOP, 1, 0))
    for _ in range(5):
        requests.open()
    assert requests.retry_after_s(num_slots=2) == 6  # three wait, two slots, four seconds each
