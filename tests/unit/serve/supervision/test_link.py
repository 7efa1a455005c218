"""Tests of serve.supervision.link and serve.supervision.ending: one worker, from its first word to its end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from serve.engine.types import Stats
from serve.messages import Events, NotLoaded, Ping, Pong, Progress, Stop
from serve.supervision.ending import STOP_S, Ending
from serve.supervision.link import TICK_S, Link
from serve.supervision.ports import Options
from tests.helpers.fakes import LOADED, FakeClock, FakeWorker

OPTIONS = Options(Path("/m"), num_threads=1, step_tokens=16, max_waiting=3, start_s=20, silence_s=1.5, stuck_s=60)


def make() -> tuple[Link, FakeWorker, FakeClock]:
    """A worker that was just started."""
    clock = FakeClock()
    link, worker = Link(OPTIONS, clock), FakeWorker(lambda _: None, lambda _: None)
    link.worker = worker
    return link, worker, clock


def wait(link: Link, clock: FakeClock, seconds: float) -> str:
    """Look at it for so long, and say what is wrong then."""
    why = ""
    for _ in range(round(seconds / TICK_S)):
        clock.now += TICK_S
        why = why or link.look()
    return why


def test_silence_counts_from_its_first_word_on() -> None:
    """Before that its Python may still be starting."""
    link, worker, clock = make()
    assert wait(link, clock, 19.75) == ""
    assert wait(link, clock, 0.25) == "did not answer for 20 s"
    assert worker.heard == [Ping()] * 80
    link, _, clock = make()
    link.hear(Pong(0.0, Stats()))
    assert wait(link, clock, 1.25) == ""
    assert wait(link, clock, 0.25) == "did not answer for 1.5 s"


def test_what_it_says_of_itself_is_remembered() -> None:
    """All else is for its requests."""
    link, _, clock = make()
    assert link.hear(Progress(0.5))
    assert link.hear(NotLoaded("no memory"))
    assert link.hear(Pong(61.0, Stats(num_slots=3)))
    assert (link.load_share, link.last_words, link.stats.num_slots) == (0.5, "no memory", 3)
    assert not link.hear(Events(()))
    assert wait(link, clock, 0.25) == "was at one step or prompt for 61 s"


def test_without_a_process_there_is_nothing_to_say() -> None:
    """It is about to be started, or has ended."""
    link, _, _ = make()
    link.worker = None
    link.send(Stop())
    link.kill()
    assert asyncio.run(link.measure()) == 0


def test_memory_is_as_last_measured() -> None:
    """By whoever started it."""
    link, worker, _ = make()
    worker.takes_bytes = 7
    assert asyncio.run(link.measure()) == link.memory_bytes == 7


@pytest.mark.parametrize(
    ("takes_bytes", "needs_bytes"),
    [(0, 0), (30, 130), (31, 130), (90, 130), (130, 130), (150, 150), (20, 120)],
    ids=["unknown", "new", "begun", "half full", "full", "more beside it", "less than it began with"],
)
def test_a_context_is_counted_whole_however_full_it_is(takes_bytes: int, needs_bytes: int) -> None:
    """It takes its memory as it is used, and may be looked at for the first time when it is full."""
    link, worker, _ = make()
    worker.takes_bytes = takes_bytes
    info = replace(LOADED.info, lazy_bytes=100, anonymous_bytes=30)
    assert asyncio.run(link.measure(info)) == needs_bytes
    assert link.memory_bytes == takes_bytes


@pytest.mark.parametrize(("num_requests", "after_s"), [(0, 0), (2, 5)])
def test_an_end_waits_for_requests_and_then_for_the_worker(num_requests: int, after_s: float) -> None:
    """Both for so long and no longer. It is told once."""
    link, worker, clock = make()
    ending = Ending(link, clock)
    ending.within(5)
    ending.within(50)  # whoever hurries more counts
    ending.step(num_requests)
    clock.now += after_s - 0.5
    ending.step(num_requests)
    assert (Stop() in worker.heard) == (after_s == 0)
    clock.now += 0.5
    ending.step(num_requests)
    assert worker.heard == [Stop()]
    clock.now += STOP_S
    ending.step(num_requests)
    assert worker.heard == [Stop()]
    assert worker.is_killed
