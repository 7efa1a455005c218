"""Tests of serve.pulls.pulls and serve.pulls.pull, with children that are fakes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from serve.errors import (
    ConflictError,
    DrainingError,
    ForbiddenError,
    HubError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    RequestError,
)
from serve.models import SourceEntry
from serve.pulls.pull import Pull
from serve.pulls.pulls import MAX_AT_ONCE, MAX_REMEMBERED, MAX_WAITING, Pulls
from serve.pulls.setup import SourcePuller
from serve.pulls.types import PullOrder, PullState, PullStatus
from tests.helpers.fakes import FakeClock
from tests.helpers.pulls import FakeChildren, make_pulls

S = PullState
ORDER = PullOrder("org/m", "m.gguf")


def run(story: Coroutine[Any, Any, None]) -> None:
    """To its end."""
    asyncio.run(asyncio.wait_for(story, 20))


async def settle() -> None:
    """Let everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def follow(pull: Pull) -> list[PullStatus]:
    """To its end."""
    return [status async for status in pull.follow()]


def test_a_pull_is_followed_from_its_start_to_the_models_that_it_makes() -> None:
    """Each state is seen, with bytes, speed and time to go; then it is complete."""

    async def discover(files: Sequence[str]) -> Sequence[str]:
        return [f"id of {file}" for file in files]

    async def story() -> None:
        children, clock = FakeChildren(), FakeClock()
        pulls = make_pulls(children, clock, discover=discover)
        pull = pulls.start(ORDER)
        following = asyncio.create_task(follow(pull))
        await settle()
        (child,) = children.all
        child.tell(S.STARTING)
        child.tell(S.DOWNLOADING, 20)
        await settle()
        clock.now += 2
        child.tell(S.DOWNLOADING, 60)
        await settle()
        assert (pull.status.bytes_per_s, pull.status.eta_s) == (20, 2)
        child.tell(S.VERIFYING, 80)
        child.complete()
        seen = await following
        assert [status.state for status in seen if status.state is not S.DOWNLOADING] == [
            *(S.STARTING, S.STARTING, S.VERIFYING, S.DISCOVERED, S.COMPLETE),
        ]
        last = seen[-1]
        assert (last.models, last.done_bytes, last.total_bytes) == (("id of m.gguf",), 100, 100)
        assert (last.files, last.started_at, last.eta_s) == (("m.gguf",), 1000, 0)
        assert pull.error is None
        assert child.ended == [False]

    run(story())


def test_the_same_file_is_pulled_once_however_many_ask() -> None:
    """Also by another part of it; each who comes late begins with how it is now."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        split = [pulls.start(PullOrder("org/m", f"s-0000{number}-of-00002.gguf")) for number in (1, 2)]
        first, second = pulls.start(ORDER), pulls.start(ORDER)
        assert (split[0] is split[1], first is second) == (True, True)
        await settle()
        assert len(children.all) == 2
        children.all[1].tell(S.DOWNLOADING, 50)
        await settle()
        late = asyncio.create_task(follow(pulls.start(ORDER)))
        await settle()
        children.all[1].complete()
        assert [status.state for status in await late] == [S.DOWNLOADING, S.DISCOVERED, S.COMPLETE]
        assert pulls.start(ORDER) is not first
        await pulls.stop()

    run(story())


@pytest.mark.parametrize(
    "order",
    [
        PullOrder("other/m", "m.gguf"),
        PullOrder("org/m", "m.gguf", "v2"),
        PullOrder("org/m", "sub/m.gguf"),
        PullOrder("org/m", "m.gguf", sha256="0" * 64),
        PullOrder("org/m", "other.gguf", stored="m.gguf"),
    ],
)
def test_another_source_for_the_same_name_is_a_conflict(order: PullOrder) -> None:
    """With the pull that it is in conflict with; when that is over, it may."""

    async def story() -> None:
        pulls = make_pulls(FakeChildren())
        pulls.start(ORDER)
        with pytest.raises(ConflictError, match=r"org/m@main/m.gguf is being pulled under that name: 1"):
            pulls.start(order)
        await pulls.cancel("1")
        pulls.start(order)
        await pulls.stop()

    run(story())


def test_a_pattern_that_turns_out_to_be_anothers_file_is_a_conflict() -> None:
    """As soon as it is known; of the same place, it waits for the other one's lock instead."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        pulls.start(ORDER)
        await settle()
        children.all[0].tell(S.STARTING)
        await settle()
        same, other = pulls.start(PullOrder("org/m", "m*")), pulls.start(PullOrder("other/m", "m*"))
        await settle()
        for child in children.all[1:]:
            child.tell(S.STARTING)
        await settle()
        assert (same.status.state, other.status.state) == (S.STARTING, S.FAILED)
        assert isinstance(other.error, ConflictError)
        assert children.all[2].ended == [False]
        await pulls.stop()

    run(story())


def test_what_goes_wrong_before_the_hub_has_answered_is_raised() -> None:
    """So that an answer over HTTP has the right status; afterwards it is only told."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        pull = pulls.start(ORDER)
        begun = asyncio.create_task(pull.begun())
        await settle()
        children.all[0].fail(HubError("no"))
        with pytest.raises(HubError, match="no"):
            await begun
        assert (pull.status.state, pull.status.message) == (S.FAILED, "no")
        pull = pulls.start(ORDER)
        await settle()
        children.all[1].tell(S.STARTING)
        await pull.begun()
        children.all[1].fail(HubError("later"))
        assert (await follow(pull))[-1].message == "later"
        with pytest.raises(HubError, match="later"):
            pull.check()

    run(story())


def test_a_child_that_dies_without_a_word_is_a_failure() -> None:
    """It is said how to go on."""

    async def story() -> None:
        children = FakeChildren()
        pull = make_pulls(children).start(ORDER)
        await settle()
        children.all[0].tell(S.DOWNLOADING, 5)
        children.all[0].die()
        assert (await follow(pull))[-1].state is S.FAILED
        assert "ask again, and it goes on from where it was" in str(pull.error)

    run(story())


def test_a_cancelled_pull_leaves_nothing_and_tells_its_followers() -> None:
    """At any time, also while it waits for its turn; one that has ended stays as it is."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        running = [pulls.start(PullOrder("org/m", f"{number}.gguf")) for number in range(MAX_AT_ONCE + 2)]
        following = asyncio.create_task(follow(running[0]))
        early = await pulls.cancel(running[-1].id)  # before it had its first moment
        await settle()
        waiting = await pulls.cancel(running[-2].id)
        assert len(children.all) == MAX_AT_ONCE
        cancelled = await pulls.cancel(running[0].id)
        assert [status.state for status in (early, waiting, cancelled)] == [S.CANCELLED] * 3
        assert (await following)[-1].state is S.CANCELLED
        assert children.all[0].ended == [True]
        assert (await pulls.cancel(running[0].id)).state is S.CANCELLED
        for pull in (running[0], running[-1], running[-2]):
            with pytest.raises(ConflictError, match="somebody cancelled this pull"):
                await pull.begun()
        with pytest.raises(NotFoundError, match="there is no pull 'x'"):
            await pulls.cancel("x")
        await pulls.stop()

    run(story())


def test_what_a_failed_pull_left_can_be_removed() -> None:
    """It fills the disk, and nobody may want to go on from it. It stays on the list as a failure."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        pull = pulls.start(ORDER)
        await settle()
        children.all[0].tell(S.DOWNLOADING, 5)
        children.all[0].fail(HubError("no"))
        await follow(pull)
        assert (await pulls.cancel(pull.id)).state is S.FAILED
        assert children.discarded == [("m.gguf",)]

    run(story())


def test_it_is_too_late_to_cancel_what_is_there() -> None:
    """The file has its name: the pull is complete, and whoever wants to be rid of it removes the model."""

    async def story() -> None:
        found = asyncio.Event()

        async def discover(_: Sequence[str]) -> Sequence[str]:
            await found.wait()
            return ["m"]

        children = FakeChildren()
        pulls = make_pulls(children, discover=discover)
        pulls.start(ORDER)
        await settle()
        children.all[0].complete()
        await settle()
        cancelling = asyncio.create_task(pulls.cancel("1"))
        await settle()
        found.set()
        assert (await cancelling).state is S.COMPLETE

    run(story())


def test_a_server_that_stops_keeps_what_is_written() -> None:
    """Followers hear of it, and nothing new begins."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        pull = pulls.start(ORDER)
        await settle()
        await pulls.stop()
        assert children.all[0].ended == [False]
        assert pull.status.state is S.FAILED
        assert isinstance(pull.error, DrainingError)
        with pytest.raises(DrainingError):
            pulls.start(ORDER)

    run(story())


def test_only_a_few_run_at_once_and_only_some_wait() -> None:
    """Beyond that they are refused."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        for number in range(MAX_AT_ONCE + MAX_WAITING):
            pulls.start(PullOrder("org/m", f"{number}.gguf"))
        await settle()
        assert len(children.all) == MAX_AT_ONCE
        waiting = pulls.find(str(MAX_AT_ONCE + MAX_WAITING))
        await waiting.begun()  # nobody waits for its turn before there is an answer
        assert waiting.status.message == "other pulls run: it waits for its turn"
        with pytest.raises(OverloadedError) as caught:
            pulls.start(ORDER)
        assert caught.value.retry_after_s is not None
        children.all[0].complete()
        await settle()
        assert len(children.all) == MAX_AT_ONCE + 1
        await pulls.stop()

    run(story())


def test_the_list_is_bounded() -> None:
    """The oldest that have ended are forgotten, those that run never."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children)
        pulls.start(PullOrder("org/m", "long.gguf"))
        for number in range(MAX_REMEMBERED + 10):
            pull = pulls.start(PullOrder("org/m", f"{number}.gguf"))
            await settle()
            children.all[-1].fail(HubError("no"))
            await follow(pull)
        statuses = pulls.all()
        assert len(statuses) <= MAX_REMEMBERED + 2
        assert statuses[0].order.file == "long.gguf"
        await pulls.stop()

    run(story())


def test_names_and_repositories_are_looked_at_first() -> None:
    """No child is started for what can't be."""

    async def story() -> None:
        children = FakeChildren()
        pulls = make_pulls(children, repositories=("org/*",))
        with pytest.raises(InvalidRequestError):
            pulls.start(PullOrder("org/m", "../m.gguf"))
        with pytest.raises(ForbiddenError):
            pulls.start(PullOrder("other/m", "m.gguf"))
        await settle()
        assert children.all == []

    run(story())


@pytest.mark.parametrize("error", [HubError("no"), None])
def test_the_supervisor_gets_the_file_or_the_reason(error: RequestError | None) -> None:
    """Of a model whose source is known; a hub's own name is the model's where no other is said."""

    async def story() -> None:
        children = FakeChildren()
        pulls: Pulls = make_pulls(children)
        task = asyncio.create_task(SourcePuller(pulls).pull(SourceEntry("org/m", "v1", None, "0" * 64), "m.gguf"))
        await settle()
        assert children.all[0].order == PullOrder("org/m", "m.gguf", "v1", "0" * 64)
        if error is None:
            children.all[0].complete()
            await task
        else:
            children.all[0].fail(error)
            with pytest.raises(HubError):
                await task

    run(story())
