"""Tests of serve.answers.responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from serve.answers.framing import NAMED_EVENTS
from serve.answers.responses import ResponseFrame, ResponseStream, WholeResponse
from serve.answers.turns import Turns
from serve.chat.parse import make_parser
from serve.engine.types import Accepted, Delta, Finished, FinishReason, TokenScore
from serve.errors import GenerationError, InvalidRequestError, OverloadedError, RequestError, WorkerLostError
from serve.supervision.requests import Told
from tests.unit.serve.answers.telling import EVENTS, PROGRESS, READING, THOUGHTFUL, folded, named, thoughtful, turns
from tests.unit.serve.wire.bodies import responses_body

BODY = responses_body(metadata={"k": "v"})
FRAME = ResponseFrame("resp_1", "m", 1, BODY[0].settings(BODY[1]))
EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
CUT: list[Told] = [Accepted(1, 3), Delta(1, "Hé"), Finished(1, FinishReason.LENGTH, 3, 1)]


def reading() -> Turns:
    """With a parser that knows the tool `f`."""
    return turns(make_parser=partial(make_parser, tools={"f"}, new_id=lambda: "call_1"))


def stream(told: Sequence[Told], error: RequestError | None = None, **frame: Any) -> list[Any]:
    """The events, each of which is of OpenAI's own types."""
    read = reading()
    made = ResponseStream(replace(FRAME, **frame), read)
    found = named(replace(NAMED_EVENTS, error=made.failed), made, read, told, error)
    for number, event in enumerate(found):
        EVENT.validate_python(event, strict=True)
        assert event["sequence_number"] == number
    return found


def whole(told: Sequence[Told], **frame: Any) -> Any:
    """The whole answer, which is of OpenAI's own type."""
    read = reading()
    found = folded(WholeResponse(replace(FRAME, **frame), read), read, told)
    Response.model_validate(found, strict=True)
    return found


def kinds(events: list[Any]) -> list[str]:
    """Their names, without what all begin with; repeated ones once."""
    names = [event["type"].removeprefix("response.") for event in events]
    return [name for index, name in enumerate(names) if index == 0 or names[index - 1] != name]


def test_text_is_a_message() -> None:
    """With its count of tokens, and what was asked for told back."""
    found = whole(EVENTS)
    assert (found["object"], found["status"], found["error"], found["incomplete_details"]) == (
        *("response", "completed", None, None),
    )
    (message,) = found["output"]
    assert message["id"].startswith("msg_")
    assert (message["role"], message["status"]) == ("assistant", "completed")
    assert message["content"] == [{"type": "output_text", "text": "Héllo", "annotations": [], "logprobs": []}]
    assert found["usage"] == {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 7,
    }
    assert (found["store"], found["metadata"], found["tool_choice"]) == (False, {"k": "v"}, "auto")


def test_a_stream_tells_text_in_openais_order() -> None:
    """Created, in progress, the item, its part, the text, and all of it backwards."""
    found = stream(EVENTS)
    assert kinds(found) == [
        *("created", "in_progress", "output_item.added", "content_part.added", "output_text.delta"),
        *("output_text.done", "content_part.done", "output_item.done", "completed"),
    ]
    assert found[0]["response"]["status"] == "in_progress"
    assert found[0]["response"]["output"] == []
    assert found[2]["item"]["content"] == []
    assert [event["delta"] for event in found if event["type"].endswith("delta")] == ["Hé", "llo"]
    assert len({event["item_id"] for event in found if "item_id" in event}) == 1


def test_thoughts_text_and_calls_are_items() -> None:
    """Each with its own events, and the last event holds all of them."""
    found = stream(THOUGHTFUL)
    assert kinds(found) == [
        *("created", "in_progress"),
        *("output_item.added", "content_part.added", "reasoning_text.delta", "reasoning_text.done"),
        *("content_part.done", "output_item.done"),
        *("output_item.added", "content_part.added", "output_text.delta", "output_text.done"),
        *("content_part.done", "output_item.done"),
        *("output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"),
        "completed",
    ]
    thoughts, message, call = found[-1]["response"]["output"]
    assert thoughts["content"] == [{"type": "reasoning_text", "text": "Hmm."}]
    assert thoughts["summary"] == []
    assert message["content"][0]["text"] == "I ask."
    assert (call["call_id"], call["name"], call["arguments"]) == ("call_1", "f", '{"a": 1}')
    assert found[-1]["response"]["usage"]["output_tokens_details"] == {"reasoning_tokens": 2}
    done = [event["item"] for event in found if event["type"] == "response.output_item.done"]
    assert done == [thoughts, message, call]


def test_thoughts_are_their_own_summary_where_one_is_asked_for() -> None:
    """Told once, in the place where the client looks."""
    found = stream(THOUGHTFUL, summarizes=True)
    assert kinds(found)[2:8] == [
        *("output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"),
        *("reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"),
    ]
    thoughts = found[-1]["response"]["output"][0]
    assert thoughts["summary"] == [{"type": "summary_text", "text": "Hmm."}]
    assert "content" not in thoughts


@pytest.mark.parametrize("told", [EVENTS, THOUGHTFUL, CUT])
@pytest.mark.parametrize("summarizes", [False, True])
def test_a_whole_answer_is_what_a_stream_ends_with(told: list[Told], summarizes: bool) -> None:
    """But for the ids, which are new each time."""

    def without_ids(response: Any) -> Any:
        return response | {"output": [item | {"id": ""} for item in response["output"]]}

    last = stream(told, summarizes=summarizes)[-1]["response"]
    assert without_ids(last) == without_ids(whole(told, summarizes=summarizes))


@given(told=thoughtful())
def test_how_the_text_is_cut_does_not_matter(told: list[Told]) -> None:
    """The items are the same, and the deltas of each join to what it says when it is done."""
    found = stream(told)
    joined: dict[str, str] = {}
    for event in found:
        if event["type"].endswith(".delta"):
            joined[event["item_id"]] = joined.get(event["item_id"], "") + event["delta"]
    thoughts, message, call = found[-1]["response"]["output"]
    assert joined == {thoughts["id"]: "Hmm.", message["id"]: "I ask.", call["id"]: '{"a": 1}'}
    assert call["arguments"] == joined[call["id"]]


def test_an_answer_that_was_cut_is_incomplete() -> None:
    """So is its last item, and the reason is told."""
    last = stream(CUT)[-1]
    assert last["type"] == "response.incomplete"
    assert last["response"]["incomplete_details"] == {"reason": "max_output_tokens"}
    assert last["response"]["output"][0]["status"] == "incomplete"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WorkerLostError("gone"), "server_error"),
        (GenerationError("gone"), "server_error"),
        (OverloadedError("gone"), "rate_limit_exceeded"),
        (InvalidRequestError("gone"), "invalid_prompt"),
    ],
)
def test_an_answer_that_breaks_off_has_failed(error: RequestError, code: str) -> None:
    """The last event says why, and holds what was said so far."""
    last = stream(EVENTS[:2], error)[-1]
    assert (last["type"], last["response"]["status"]) == ("response.failed", "failed")
    assert last["response"]["error"] == {"code": code, "message": "gone"}
    (message,) = last["response"]["output"]
    assert (message["content"][0]["text"], message["status"]) == ("Hé", "incomplete")


def test_scores_come_with_their_text() -> None:
    """In the delta, in what is done, and in the whole."""
    score = TokenScore(5, b"a", -0.5, ((5, b"a", -0.5),))
    told: list[Told] = [Accepted(1, 1), Delta(1, "a", scores=(score,)), Finished(1, FinishReason.STOP, 1, 1)]
    entry = {"id": 5, "token": "a", "bytes": [97], "logprob": -0.5}
    expected = [entry | {"top_logprobs": [entry]}]
    found = stream(told)
    assert [event["logprobs"] for event in found if "logprobs" in event] == [expected, expected]
    assert whole(told)["output"][0]["content"][0]["logprobs"] == expected


def test_how_far_the_prompt_is_comes_with_word_that_it_is_in_progress() -> None:
    """Once more each time, as in llama.cpp."""
    told = [event for event in stream(READING) if "prompt_progress" in event]
    assert [event["prompt_progress"] for event in told] == PROGRESS
    assert {event["type"] for event in told} == {"response.in_progress"}


def test_the_pace_is_told_as_llama_cpp_does() -> None:
    """Beside the last response, and with each delta if that was asked for."""
    found = stream(EVENTS)
    assert [event["type"] for event in found if "timings" in event] == ["response.completed"]
    deltas = [event for event in stream(EVENTS, timings_per_token=True) if event["type"].endswith(".delta")]
    assert all("predicted_per_second" in event["timings"] for event in deltas)
