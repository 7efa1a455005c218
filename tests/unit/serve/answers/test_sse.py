"""Tests of serve.answers.sse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from serve.answers.chat import ChatStream
from serve.answers.sse import sse
from serve.errors import WorkerLostError
from serve.generation import Batch
from tests.unit.serve.answers.telling import EVENTS, FRAME, batch, streamed, turns


def test_all_that_is_ready_is_one_write() -> None:
    """However many tokens a step brought; what says nothing is no write."""

    async def batches() -> AsyncIterator[Batch]:
        yield batch(*EVENTS[:3])
        yield batch(EVENTS[2])
        yield batch(*EVENTS[3:])

    async def story() -> list[bytes]:
        reading = turns()
        return [data async for data in sse(ChatStream(FRAME, reading), reading, batches())]

    writes = asyncio.run(story())
    assert [data.count(b"data: ") for data in writes] == [2, 2, 2]
    assert writes[-1].endswith(b"data: [DONE]\n\n")


def test_an_error_in_the_middle_is_told_inside_the_stream() -> None:
    """The status has been sent already; there is no [DONE] after it."""
    reading = turns()
    found = streamed(ChatStream(FRAME, reading), reading, EVENTS[:2], WorkerLostError("gone"))
    assert found[-1]["error"]["code"] == "worker_lost"
    assert found[1]["choices"][0]["delta"] == {"content": "Hé"}
