"""Tests of serve.supervision.desk: what becomes of requests when their worker goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from serve.engine.types import Accepted, Delta, Finished, FinishReason
from serve.errors import ModelNotReadyError, WorkerLostError
from serve.log import request_id
from serve.messages import Cancel, Generate, GenerateRequest, Prepared, TextPrompt, Tokenize, Tokenized
from serve.models import ModelEntry
from serve.supervision.desk import Desk
from serve.supervision.link import Link
from serve.supervision.ports import Options
from serve.supervision.requests import Inbox
from serve.supervision.waking import Wish
from tests.helpers.fakes import FakeClock, FakeWorker

OPTIONS = Options(Path("/m"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60)
ENTRY = ModelEntry(id="m", file="m.gguf", num_slots=2, context_tokens=64)
REQUEST = GenerateRequest(TextPrompt(("hello",)))
LOST = WorkerLostError("lost")


def make() -> Desk:
    """Of a model that does not serve yet."""
    clock = FakeClock()
    wish = Wish(ENTRY, idle_unload_s=600, clock=clock)
    return Desk(wish, OPTIONS, clock, lambda: ModelNotReadyError("not yet"))


def link() -> tuple[Link, FakeWorker]:
    """A worker that serves."""
    made, worker = Link(OPTIONS, FakeClock()), FakeWorker(lambda _: None, lambda _: None)
    made.worker = worker
    return made, worker


def test_what_had_not_begun_is_asked_again_once() -> None:
    """That it was read or taken may be told twice, and is told once. A question is asked again, too."""
    desk = make()
    desk.open(link()[0])
    begun, waiting, asking = Inbox(), Inbox(), Inbox()
    first, second = desk.start(REQUEST, begun), desk.start(REQUEST, waiting)
    desk.ask(lambda number: Tokenize(number, "a", adds_special=True, parses_special=True), asking)
    for told in (Accepted(first, 1), Delta(first, "a"), Prepared(second), Accepted(second, 1)):
        desk.deliver(told)
    desk.lose(LOST, keeps_unbegun=True)
    assert len(begun.drain()) == 2
    with pytest.raises(WorkerLostError):
        begun.drain()
    another, worker = link()
    desk.open(another)
    assert [type(message) for message in worker.heard] == [Generate, Tokenize]
    for again in (Prepared(second), Accepted(second, 1), Delta(second, "b")):
        desk.deliver(again)
    assert [type(told) for told in waiting.drain()] == [Prepared, Accepted, Delta]
    desk.lose(LOST, keeps_unbegun=True)  # one of them may be what it died of
    for inbox in (waiting, asking):
        with pytest.raises(WorkerLostError):
            inbox.drain()
    assert len(desk) == 0


def test_nothing_is_asked_again_where_nobody_may() -> None:
    """The server stops, or the model was unloaded."""
    desk, inbox = make(), Inbox()
    desk.open(link()[0])
    desk.start(REQUEST, inbox)
    desk.lose(LOST)
    with pytest.raises(WorkerLostError):
        inbox.drain()


def test_a_desk_that_is_shut_lets_what_runs_end() -> None:
    """And takes nothing new; who leaves is told to the worker all the same."""
    desk, (made, worker) = make(), link()
    desk.open(made)
    number = desk.start(REQUEST, Inbox())
    leaving = desk.start(REQUEST, Inbox())
    desk.shut()
    with pytest.raises(ModelNotReadyError, match="not yet"):
        desk.start(REQUEST, Inbox())
    desk.finish(leaving)
    assert worker.heard[-1] == Cancel(leaving)
    desk.deliver(Finished(number, FinishReason.STOP, 1, 1))
    assert len(desk) == 0


def test_who_leaves_while_there_is_no_worker_is_not_asked_again() -> None:
    """Nobody would read the answer."""
    desk = make()
    desk.open(link()[0])
    number = desk.start(REQUEST, Inbox())
    desk.lose(LOST, keeps_unbegun=True)
    desk.finish(number)
    another, worker = link()
    desk.open(another)
    assert worker.heard == []


def test_a_worker_is_told_whose_request_it_is() -> None:
    """As the log has it."""
    desk, (made, worker) = make(), link()
    desk.open(made)
    token = request_id.set("id-1")
    number = desk.start(REQUEST, Inbox())
    request_id.reset(token)
    assert worker.heard == [Generate(number, REQUEST, "id-1")]


def test_answers_come_to_who_asked() -> None:
    """And end by themselves."""

    async def story() -> None:
        desk, inbox = make(), Inbox()
        desk.open(link()[0])
        number = desk.ask(lambda id_: Tokenize(id_, "a", adds_special=True, parses_special=True), inbox)
        desk.deliver(Tokenized(number, (1,), (b"a",)))
        assert await inbox.take() == [Tokenized(number, (1,), (b"a",))]
        assert len(desk) == 0

    asyncio.run(story())
