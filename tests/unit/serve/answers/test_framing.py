"""Tests of serve.answers.framing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from serve.answers.chat import ChatStream
from serve.answers.frame import Chunk
from serve.answers.framing import ANTHROPIC, LLAMA_CPP, NAMED_EVENTS, OLLAMA, OPENAI, Framing, frames
from serve.answers.turns import Turn
from serve.errors import WorkerLostError
from serve.supervision.generation import Batch
from tests.unit.serve.answers.telling import EVENTS, FRAME, batch, streamed, turns


def test_all_that_is_ready_is_one_write() -> None:
    """However many tokens a step brought; what says nothing is no write."""

    async def batches() -> AsyncIterator[Batch]:
        yield batch(*EVENTS[:3])
        yield batch(EVENTS[2])
        yield batch(*EVENTS[3:])

    async def story() -> list[bytes]:
        reading = turns()
        return [data async for data in frames(OPENAI, ChatStream(FRAME, reading), reading, batches())]

    writes = asyncio.run(story())
    assert [data.count(b"data: ") for data in writes] == [2, 2, 2]
    assert writes[-1].endswith(b"data: [DONE]\n\n")


def test_an_error_in_the_middle_is_told_inside_the_stream() -> None:
    """The status has been sent already; there is no [DONE] after it."""
    reading = turns()
    found = streamed(ChatStream(FRAME, reading), reading, EVENTS[:2], WorkerLostError("gone"))
    assert found[-1]["error"]["code"] == "worker_lost"
    assert found[1]["choices"][0]["delta"] == {"content": "Hé"}


NAMED: list[Chunk] = [{"type": "message_start", "n": 1}, {"type": "message_stop"}]


def test_each_api_has_its_own_frames() -> None:
    """Plain events, events named by their chunk's type, and lines."""
    assert OPENAI.write([{"n": 1}]) == b'data: {"n":1}\n\n'
    named = b'event: message_start\ndata: {"type":"message_start","n":1}\n\nevent: message_stop\n'
    assert ANTHROPIC.write(NAMED).startswith(named)
    assert OLLAMA.write(NAMED) == b'{"type":"message_start","n":1}\n{"type":"message_stop"}\n'


@pytest.mark.parametrize("framing", [OPENAI, LLAMA_CPP, ANTHROPIC, OLLAMA, NAMED_EVENTS])
def test_an_error_inside_a_stream_is_its_last_word(framing: Framing) -> None:
    """In the API's own shape, and nothing is done then."""

    async def batches() -> AsyncIterator[Batch]:
        yield batch(*EVENTS[:3])
        raise WorkerLostError("it died")

    class Quiet:
        def chunks(self, turns: list[Turn]) -> Iterator[Chunk]:
            return iter(())

        def last(self) -> Iterator[Chunk]:
            raise AssertionError

    async def story() -> bytes:
        return b"".join([data async for data in frames(framing, Quiet(), turns(), batches())])

    data = asyncio.run(story())
    assert b"it died" in data
    assert b"[DONE]" not in data
