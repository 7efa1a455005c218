"""Tests of serve.supervision.waking."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from serve.errors import ModelNotReadyError
from serve.models import ModelEntry
from serve.supervision.waking import Wish
from tests.helpers.fakes import FakeClock

ENTRY = ModelEntry(id="m", file="m.gguf", num_slots=2, context_tokens=64, load="on_demand")


def make(entry: ModelEntry = ENTRY, idle_unload_s: float = 600) -> tuple[Wish, FakeClock]:
    """A wish for one model."""
    clock = FakeClock()
    return Wish(entry, idle_unload_s=idle_unload_s, clock=clock), clock


def test_who_waits_together_is_told_together() -> None:
    """That it serves, or why not; whoever comes later waits anew."""

    async def story() -> None:
        wish, _ = make()
        for end in (wish.arrive, lambda: wish.fail(ModelNotReadyError("broken"))):
            waiting = [asyncio.create_task(wish.arrival()) for _ in range(3)]
            await asyncio.sleep(0)
            waiting[0].cancel()  # takes nobody with it
            end()
            told = await asyncio.gather(*waiting, return_exceptions=True)
            assert isinstance(told[0], asyncio.CancelledError)
            assert [str(each) for each in told[1:]] == (["None"] * 2 if end == wish.arrive else ["broken"] * 2)

    asyncio.run(story())


def test_it_is_told_to_nobody_without_a_word() -> None:
    """No waiter, no trouble."""
    wish, _ = make()
    wish.fail(ModelNotReadyError("broken"))
    wish.arrive()


def test_what_is_preloaded_is_wanted_from_the_start_and_waited_for_after_its_first_end() -> None:
    """Until then probes wait for it, not requests."""
    wish, _ = make(replace(ENTRY, load="preload"))
    assert (wish.is_on, wish.by_demand) == (True, False)
    wish.unwant()
    assert (wish.is_on, wish.by_demand) == (False, True)
    wish.want()
    wish.arrive()
    assert (wish.is_on, wish.by_demand) == (True, False)
    assert (make()[0].is_on, make()[0].by_demand) == (False, True)


@pytest.mark.parametrize(
    ("entry", "allowed_s"),
    [
        (ENTRY, 600),
        (replace(ENTRY, idle_unload_s=5), 5),
        (replace(ENTRY, idle_unload_s=0), None),
        (replace(ENTRY, pinned=True), None),
        (replace(ENTRY, load="preload"), None),
        (replace(ENTRY, load="preload", idle_unload_s=5), 5),
    ],
)
def test_how_long_it_may_lie_idle(entry: ModelEntry, allowed_s: float | None) -> None:
    """Its own word counts more than the server's; what is there from the start stays."""
    wish, clock = make(entry)
    assert wish.unload_in_s == allowed_s
    clock.now += 3
    assert wish.unload_in_s == (None if allowed_s is None else allowed_s - 3)
    wish.used()
    assert wish.unload_in_s == allowed_s


def test_the_server_may_say_never() -> None:
    """With 0."""
    assert make(idle_unload_s=0)[0].unload_in_s is None


@pytest.mark.parametrize(("seconds", "left_s", "is_pinned"), [(0, 0, False), (7, 7, False), (-1, None, True)])
def test_a_client_may_say_how_long(seconds: float, left_s: float | None, is_pinned: bool) -> None:
    """Until the model is unloaded, or somebody says otherwise."""
    wish, _ = make(replace(ENTRY, pinned=True))
    wish.keep_alive(seconds)
    assert (wish.unload_in_s, wish.is_pinned) == (left_s, is_pinned)
    wish.keep_alive(None)
    assert wish.is_pinned
    wish.keep_alive(seconds)
    wish.unwant()
    assert wish.is_pinned
