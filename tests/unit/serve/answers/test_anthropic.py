"""Tests of serve.answers.anthropic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given
from pydantic import TypeAdapter

from serve.answers.anthropic import SIGNATURE, MessageFrame, MessageStream, WholeMessage
from serve.answers.framing import ANTHROPIC
from serve.answers.turns import Turns
from serve.chat.parse import make_parser
from serve.engine.types import Accepted, Delta, Finished, FinishReason
from serve.errors import RequestError, WorkerLostError
from serve.supervision.requests import Told
from tests.unit.serve.answers.telling import EVENTS, THOUGHTFUL, folded, named, thoughtful, turns

FRAME = MessageFrame("msg_1", "m", stops=frozenset({"END"}))
EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def reading() -> Turns:
    """With a parser that knows the tool `f`."""
    return turns(make_parser=partial(make_parser, tools={"f"}, new_id=lambda: "toolu_1"))


def stream(told: Sequence[Told], error: RequestError | None = None, **frame: Any) -> list[Any]:
    """The events, each of which is of Anthropic's own types (pings and errors have none)."""
    read = reading()
    found = named(ANTHROPIC, MessageStream(replace(FRAME, **frame), read), read, told, error)
    for event in found:
        if event["type"] not in ("ping", "error"):
            EVENT.validate_python(event, strict=True)
    return found


def whole(told: Sequence[Told], **frame: Any) -> Any:
    """The whole answer, which is of Anthropic's own type."""
    read = reading()
    found = folded(WholeMessage(replace(FRAME, **frame), read), read, told)
    Message.model_validate(found, strict=True)
    return found


def ended(reason: FinishReason, stop: str | None = None) -> list[Told]:
    """An answer with this end."""
    return [Accepted(1, 3), Delta(1, "a"), Finished(1, reason, 3, 1, stop=stop)]


def kinds(events: list[Any]) -> list[str]:
    """Their names, those of deltas by what they hold; repeated ones once."""
    names = [event["delta"]["type"] if event["type"] == "content_block_delta" else event["type"] for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


def test_text_is_a_block() -> None:
    """What was in the cache is counted beside the rest of the input."""
    assert whole(EVENTS) == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Héllo"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 1,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 2,
            "output_tokens": 4,
            "output_tokens_details": {"thinking_tokens": 0},
        },
    }


def test_a_stream_tells_text_in_anthropics_order() -> None:
    """A message without content, the block, why it ended and the count."""
    found = stream(EVENTS)
    assert kinds(found) == [
        *("message_start", "ping", "content_block_start", "text_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    start = found[0]["message"]
    assert (start["content"], start["stop_reason"], start["usage"]["input_tokens"]) == ([], None, 3)
    assert found[2]["content_block"] == {"type": "text", "text": ""}
    assert found[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert found[-2]["usage"] == whole(EVENTS)["usage"]


def test_thoughts_text_and_calls_are_blocks() -> None:
    """In turn, each with its own deltas; thoughts are signed, so that clients send them back."""
    found = stream(THOUGHTFUL)
    assert kinds(found)[2:-2] == [
        *("content_block_start", "thinking_delta", "signature_delta", "content_block_stop"),
        *("content_block_start", "text_delta", "content_block_stop"),
        *("content_block_start", "input_json_delta", "content_block_stop"),
    ]
    starts = [event for event in found if event["type"] == "content_block_start"]
    assert [event["index"] for event in starts] == [0, 1, 2]
    assert starts[2]["content_block"] == {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    partial_json = [event["delta"].get("partial_json", "") for event in found if event["type"] == "content_block_delta"]
    assert "".join(partial_json) == '{"a": 1}'
    assert found[-2]["delta"]["stop_reason"] == "tool_use"
    assert whole(THOUGHTFUL)["content"] == [
        {"type": "thinking", "thinking": "Hmm.", "signature": SIGNATURE},
        {"type": "text", "text": "I ask."},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}},
    ]
    assert whole(THOUGHTFUL)["usage"]["output_tokens_details"] == {"thinking_tokens": 2}


@given(told=thoughtful())
def test_how_the_text_is_cut_does_not_matter(told: list[Told]) -> None:
    """The blocks are the same, and the deltas of each join to them."""
    joined = ["", "", ""]
    for event in stream(told):
        if event["type"] == "content_block_delta" and event["delta"]["type"] != "signature_delta":
            (text,) = (value for name, value in event["delta"].items() if name != "type")
            joined[event["index"]] += text
    assert joined == ["Hmm.", "I ask.", '{"a": 1}']
    assert whole(told)["content"] == whole(THOUGHTFUL)["content"]


def test_thoughts_may_be_hidden() -> None:
    """Their block is there, their text is not."""
    found = stream(THOUGHTFUL, hides_thoughts=True)
    assert "thinking_delta" not in kinds(found)
    assert "text_delta" in kinds(found)
    assert whole(THOUGHTFUL, hides_thoughts=True)["content"][0] == {
        "type": "thinking",
        "thinking": "",
        "signature": SIGNATURE,
    }


@pytest.mark.parametrize(
    ("told", "reason", "stop"),
    [
        (ended(FinishReason.STOP), "end_turn", None),
        (ended(FinishReason.LENGTH), "max_tokens", None),
        (ended(FinishReason.STOP, "END"), "stop_sequence", "END"),
        (ended(FinishReason.STOP, "<|im_end|>"), "end_turn", None),
    ],
)
def test_each_end_has_its_reason(told: list[Told], reason: str, stop: str | None) -> None:
    """A stop string of the model's own is no business of the client's."""
    found = whole(told)
    assert (found["stop_reason"], found["stop_sequence"]) == (reason, stop)


def test_arguments_that_were_cut_are_told_as_they_are() -> None:
    """They are no object: the reason says why."""
    told = [*THOUGHTFUL[:-3], Finished(1, FinishReason.LENGTH, 9, 8)]
    found = whole(told)
    assert found["stop_reason"] == "max_tokens"
    assert found["content"][-1]["input"] == {"arguments": '{"a": '}


def test_an_error_is_told_inside_the_stream() -> None:
    """In Anthropic's shape, as the last event."""
    last = stream(EVENTS[:2], WorkerLostError("gone"))[-1]
    assert last["type"] == "error"
    assert last["error"] == {"type": "overloaded_error", "message": "gone"}
