"""What a worker tells, and how it is played to what makes answers of it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from hypothesis import strategies as st

from serve.answers.frame import Frame
from serve.answers.framing import OPENAI, Framing, Stream, frames
from serve.answers.turns import Turn, Turns
from serve.engine.types import Accepted, Delta, Finished, FinishReason, PromptRead
from serve.errors import RequestError
from serve.messages import Prepared
from serve.supervision.generation import Batch
from serve.supervision.requests import Told
from tests.helpers.fakes import FakeClock

FRAME = Frame("id-1", "m", 1, include_usage=True)
EVENTS: list[Told] = [
    Accepted(1, 3),
    Delta(1, "Hé"),
    Delta(1, ""),
    Delta(1, "llo"),
    Finished(1, FinishReason.STOP, 3, 4, num_cached_tokens=2),
]
READING: list[Told] = [EVENTS[0], PromptRead(1, 3, 2, 2), PromptRead(1, 3, 2, 3, took_s=0.25), *EVENTS[1:]]
"""The same, where how far the prompt is was asked for."""
PROGRESS = [
    {"total": 3, "cache": 2, "processed": 2, "time_ms": 0},
    {"total": 3, "cache": 2, "processed": 3, "time_ms": 250},
]

THOUGHTFUL: list[Told] = [
    Prepared(1, "hermes+think", "<think>"),
    Accepted(1, 9),
    Delta(1, "Hm"),
    Delta(1, "m."),
    Delta(1, "</think>"),
    Delta(1, "\n\n"),
    Delta(1, "I "),
    Delta(1, "ask."),
    Delta(1, "\n<tool_call>\n"),
    Delta(1, '{"name": "f", "arguments": {"a": '),
    Delta(1, "1}}"),
    Delta(1, "\n</tool_call>"),
    Finished(1, FinishReason.STOP, 9, 11, num_cached_tokens=4),
]
"""Thoughts, text, and a call of the tool `f`."""

_SAID = "".join(told.text for told in THOUGHTFUL if isinstance(told, Delta))


@st.composite
def thoughtful(draw: st.DrawFn) -> list[Told]:
    """The same, cut into other pieces."""
    cuts = sorted(draw(st.sets(st.integers(0, len(_SAID)), max_size=12)) | {0, len(_SAID)})
    deltas = [Delta(1, _SAID[start:end]) for start, end in itertools.pairwise(cuts)]
    return [*THOUGHTFUL[:2], *deltas, THOUGHTFUL[-1]]


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
    texts = [line.removeprefix("data: ") for line in _written(OPENAI, stream, reading, told, error)]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]


def named(
    framing: Framing, stream: Stream, reading: Turns, told: Sequence[Told], error: RequestError | None = None
) -> list[Any]:
    """The events that a client reads, each under the name that it has itself."""
    found: list[Any] = []
    for event in _written(framing, stream, reading, told, error):
        name, data = event.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def _written(
    framing: Framing, stream: Stream, reading: Turns, told: Sequence[Told], error: RequestError | None
) -> list[str]:
    async def story() -> bytes:
        return b"".join([data async for data in frames(framing, stream, reading, playing(told, error))])

    return asyncio.run(story()).decode().removesuffix("\n\n").split("\n\n")
