"""What a worker tells, and how it is played to what makes answers of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from serve.answers.frame import Frame
from serve.answers.framing import OPENAI, Stream, frames
from serve.answers.turns import Turn, Turns
from serve.engine.types import Accepted, Delta, Finished, FinishReason
from serve.errors import RequestError
from serve.generation import Batch
from serve.requests import Told
from tests.helpers.fakes import FakeClock

FRAME = Frame("id-1", "m", 1, include_usage=True)
EVENTS: list[Told] = [
    Accepted(1, 3),
    Delta(1, "Hé"),
    Delta(1, ""),
    Delta(1, "llo"),
    Finished(1, FinishReason.STOP, 3, 4, num_cached_tokens=2),
]


def turns(num_choices: int = 1, **more: Any) -> Turns:
    """With a clock that stands still."""
    return Turns(num_choices, FakeClock(), **more)


def batch(*told: Told) -> Batch:
    """Of one prompt."""
    return [(0, each) for each in told]


async def playing(told: Sequence[Told], error: RequestError | None = None) -> AsyncIterator[Batch]:
    """One by one, and perhaps an error in the end."""
    for each in told:
        yield batch(each)
    if error is not None:
        raise error


class Whole(Protocol):
    """Makes one answer."""

    def take(self, turns: list[Turn]) -> None: ...

    def answer(self) -> Any: ...


def folded(whole: Whole, reading: Turns, told: Sequence[Told]) -> Any:
    """The whole answer."""
    for each in told:
        whole.take(reading.read(batch(each)))
    return whole.answer()


def streamed(stream: Stream, reading: Turns, told: Sequence[Told], error: RequestError | None = None) -> list[Any]:
    """The chunks that a client reads, [DONE] as text."""

    async def story() -> bytes:
        return b"".join([data async for data in frames(OPENAI, stream, reading, playing(told, error))])

    lines = asyncio.run(story()).decode().removesuffix("\n\n").split("\n\n")
    texts = [line.removeprefix("data: ") for line in lines]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]
