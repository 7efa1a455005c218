"""Tests of serve.supervision.fetching."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from serve.errors import HubError, PullingError
from serve.models import ModelEntry, SourceEntry
from serve.supervision.fetching import RETRY_S, Fetcher
from serve.supervision.ports import Absent
from tests.helpers.fakes import FakeClock

SOURCE = SourceEntry("org/repo")
ENTRY = ModelEntry(id="m", file="m.gguf", num_slots=2, context_tokens=64, source=SOURCE)


class SlowPuller:
    """Brings a file when the test says so."""

    def __init__(self) -> None:
        self.asked: list[tuple[SourceEntry, str]] = []
        self.error: HubError | None = None
        self.may_end = asyncio.Event()

    async def pull(self, source: SourceEntry, file: str) -> None:
        """Or the error."""
        self.asked.append((source, file))
        await self.may_end.wait()
        if self.error is not None:
            raise self.error


def make(absent: Absent = "wait") -> tuple[Fetcher, SlowPuller, FakeClock]:
    """A fetcher with a hub."""
    clock, puller = FakeClock(), SlowPuller()
    fetcher = Fetcher(absent, clock)
    fetcher.puller = puller
    return fetcher, puller, clock


def test_all_wait_for_one_pull_which_goes_on_without_them() -> None:
    """A client that leaves ends nothing for the others."""

    async def story() -> None:
        fetcher, puller, _ = make()
        waiting = [asyncio.create_task(fetcher.fetch(ENTRY)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.sleep(0)
        assert fetcher.is_fetching(ENTRY)
        puller.may_end.set()
        await asyncio.gather(*waiting[1:])
        assert puller.asked == [(SOURCE, "m.gguf")]
        assert not fetcher.is_fetching(ENTRY)

    asyncio.run(story())


def test_a_request_may_be_sent_away_while_it_goes_on() -> None:
    """With 202, and when to come back."""

    async def story() -> None:
        fetcher, puller, _ = make("accept")
        for _ in range(2):
            with pytest.raises(PullingError, match="'m' are being pulled") as caught:
                await fetcher.fetch(ENTRY)
        assert caught.value.retry_after_s == 5
        await asyncio.sleep(0)
        assert len(puller.asked) == 1
        puller.may_end.set()
        await asyncio.sleep(0.01)
        assert not fetcher.is_fetching(ENTRY)

    asyncio.run(story())


def test_a_hub_that_fails_is_not_asked_by_each_request() -> None:
    """They get its error for a while; then somebody tries again."""

    async def story() -> None:
        fetcher, puller, clock = make()
        puller.error = HubError("the hub answers 500")
        puller.may_end.set()
        for _ in range(3):
            with pytest.raises(HubError, match="answers 500"):
                await fetcher.fetch(ENTRY)
        assert len(puller.asked) == 1
        clock.now += RETRY_S
        puller.error = None
        await fetcher.fetch(ENTRY)
        assert len(puller.asked) == 2

    asyncio.run(story())


def test_what_can_not_be_pulled() -> None:
    """Without a source, without a hub, or where it is not wanted."""
    fetcher, _, clock = make()
    assert fetcher.can_fetch(ENTRY)
    assert not fetcher.can_fetch(replace(ENTRY, source=None))
    assert not make("refuse")[0].can_fetch(ENTRY)
    assert not Fetcher("wait", clock).can_fetch(ENTRY)
