"""Tests of serve.stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.engine.types import Accepted, Delta, Event, Finished, FinishReason
from serve.errors import WorkerLostError
from serve.stream import Chunk, Form, chunks, fold, sse

CHAT = Form("id-1", "m", 1, is_chat=True, include_usage=True)
TEXT = Form("id-1", "m", 1, is_chat=False)
EVENTS: list[Event] = [
    Accepted(1, 3),
    Delta(1, "Hé"),
    Delta(1, ""),
    Delta(1, "llo"),
    Finished(1, FinishReason.STOP, 3, 4),
]


async def playing(events: list[Event]) -> AsyncIterator[Event]:
    """Events as they come from a worker; None in the list is a lost worker."""
    for event in events:
        yield event


async def breaking() -> AsyncIterator[Event]:
    """A worker that dies in the middle."""
    yield EVENTS[0]
    yield EVENTS[1]
    raise WorkerLostError("gone")


def streamed(form: Form, events: AsyncIterator[Event]) -> list[Any]:
    """What a client of the stream reads."""

    async def read() -> bytes:
        return b"".join([part async for part in sse(form, chunks(form, events))])

    parts = asyncio.run(read()).decode().split("\n\n")
    assert parts.pop() == ""
    return [p.removeprefix("data: ") if p == "data: [DONE]" else json.loads(p.removeprefix("data: ")) for p in parts]


def folded(form: Form, events: AsyncIterator[Event]) -> Chunk:
    """What a client that waits reads."""
    return asyncio.run(fold(form, chunks(form, events)))


def test_a_chat_answer_is_the_sum_of_its_chunks() -> None:
    """OpenAI's shape, with usage."""
    assert folded(CHAT, playing(EVENTS)) == {
        "id": "id-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Héllo"},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    }


def test_a_text_answer_has_its_own_shape() -> None:
    """The older API."""
    answer = folded(TEXT, playing(EVENTS))
    assert answer["object"] == "text_completion"
    assert answer["choices"] == [{"index": 0, "text": "Héllo", "logprobs": None, "finish_reason": "stop"}]


def test_a_stream_has_role_text_reason_usage_and_an_end() -> None:
    """In this order; a token without text makes no chunk."""
    *found, done = streamed(CHAT, playing(EVENTS))
    assert done == "[DONE]"
    assert [c["choices"][0]["delta"] for c in found[:-1]] == [
        {"role": "assistant", "content": ""},
        {"content": "Hé"},
        {"content": "llo"},
        {},
    ]
    assert found[-2]["choices"][0]["finish_reason"] == "stop"
    assert found[-1]["choices"] == []
    assert found[-1]["usage"]["total_tokens"] == 7


def test_usage_comes_in_a_stream_only_when_asked_for() -> None:
    """Old clients do not expect a chunk without choices."""
    assert all("usage" not in c for c in streamed(TEXT, playing(EVENTS))[:-1])


@given(st.lists(st.text(), max_size=8), st.booleans())
def test_streaming_and_not_streaming_say_the_same(texts: list[str], is_chat: bool) -> None:
    """Any text, in any pieces, in both APIs."""
    form = Form("id-1", "m", 1, is_chat=is_chat)
    end = Finished(1, FinishReason.LENGTH, 1, len(texts))
    events: list[Event] = [Accepted(1, 1), *(Delta(1, text) for text in texts), end]
    whole = folded(form, playing(events))["choices"][0]
    pieces = [c["choices"][0] for c in streamed(form, playing(events))[:-1]]
    text = "".join(p["delta"].get("content", "") if is_chat else p["text"] for p in pieces)
    assert text == (whole["message"]["content"] if is_chat else whole["text"]) == "".join(texts)


def test_an_error_in_the_middle_is_told_inside_the_stream() -> None:
    """The status has been sent already; there is no [DONE] after it."""
    found = streamed(CHAT, breaking())
    assert found[-1]["error"]["code"] == "worker_lost"
    assert found[1]["choices"][0]["delta"] == {"content": "Hé"}


def test_an_error_ends_an_answer_that_is_waited_for() -> None:
    """Half an answer is none."""
    with pytest.raises(WorkerLostError):
        folded(CHAT, breaking())
