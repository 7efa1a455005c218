"""Tests of serve.answers.chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serve.answers.chat import ChatStream, WholeChat
from serve.chat.parse import make_parser
from serve.engine.types import Accepted, Delta, Finished, FinishReason, TokenScore
from serve.messages import Prepared
from serve.supervision.requests import Told
from tests.unit.serve.answers.telling import EVENTS, FRAME, PROGRESS, READING, folded, streamed, turns

SCORE = TokenScore(5, b"a", -0.5)
CALL = '<tool_call>\n{"name": "f", "arguments": {"a": 1}}\n</tool_call>'
HERMES: list[Told] = [Prepared(1, "hermes", ""), Accepted(1, 1), Delta(1, CALL), Finished(1, FinishReason.STOP, 1, 9)]


def whole(told: Sequence[Told], num_choices: int = 1, frame: Any = FRAME, **more: Any) -> Any:
    """The whole answer."""
    reading = turns(num_choices, **more)
    return folded(WholeChat(frame, reading), reading, told)


def chunks(told: Sequence[Told], num_choices: int = 1, frame: Any = FRAME, **more: Any) -> list[Any]:
    """The stream."""
    reading = turns(num_choices, **more)
    return streamed(ChatStream(frame, reading), reading, told)


def test_a_whole_answer_has_openais_shape() -> None:
    """Text, reason, usage."""
    found = whole(EVENTS)
    assert (found["object"], found["id"], found["model"]) == ("chat.completion", "id-1", "m")
    assert found["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Héllo"},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert found["usage"]["total_tokens"] == 7
    assert found["timings"]["predicted_n"] == 4


def test_a_stream_begins_with_the_role_and_ends_with_the_reason_and_usage() -> None:
    """One chunk per piece of text, then [DONE]."""
    *found, done = chunks(EVENTS)
    assert done == "[DONE]"
    assert [c["choices"][0]["delta"] for c in found[:-1]] == [
        {"role": "assistant", "content": None},
        {"content": "Hé"},
        {"content": "llo"},
        {},
    ]
    assert found[-2]["choices"][0]["finish_reason"] == "stop"
    assert found[-1]["choices"] == []
    assert found[-1]["usage"]["total_tokens"] == 7


def test_usage_comes_in_a_stream_only_when_asked_for() -> None:
    """Old clients do not expect a chunk without choices."""
    found = chunks(EVENTS, frame=replace(FRAME, include_usage=False))
    assert all("usage" not in c for c in found[:-1])
    assert found[-2]["choices"]


def test_several_choices_come_side_by_side() -> None:
    """Each chunk says whose it is; a whole answer has them in their order."""
    told: list[Told] = [
        Accepted(1, 2),
        Delta(1, "b", 1),
        Delta(1, "a", 0),
        Finished(1, FinishReason.LENGTH, 2, 1, choice=1, is_last=False),
        Finished(1, FinishReason.STOP, 2, 1),
    ]
    found = whole(told, 2)
    assert [(c["index"], c["message"]["content"], c["finish_reason"]) for c in found["choices"]] == [
        (0, "a", "stop"),
        (1, "b", "length"),
    ]
    assert found["usage"]["completion_tokens"] == 2
    assert [c["choices"][0]["index"] for c in chunks(told, 2)[:-2]] == [0, 1, 1, 0, 1, 0]


def test_a_call_of_a_tool_is_told_as_one() -> None:
    """Whole, and in deltas whose arguments join to the same JSON."""
    parser = partial(make_parser, tools=frozenset({"f"}))
    choice = whole(HERMES, make_parser=parser)["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    assert (call["type"], call["function"]) == ("function", {"name": "f", "arguments": '{"a": 1}'})
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    deltas = [
        d for c in chunks(HERMES, make_parser=parser)[:-2] for d in c["choices"][0]["delta"].get("tool_calls", ())
    ]
    assert (deltas[0]["id"], deltas[0]["function"]) == (deltas[0]["id"], {"name": "f", "arguments": ""})
    assert "".join(d["function"]["arguments"] for d in deltas) == '{"a": 1}'


def test_thoughts_have_a_field_of_their_own() -> None:
    """Beside the content."""
    told: list[Told] = [
        Prepared(1, "hermes+think", "<think>"),
        Accepted(1, 1),
        Delta(1, "hm</think>yes"),
        Finished(1, FinishReason.STOP, 1, 9),
    ]
    message = whole(told, make_parser=make_parser)["choices"][0]["message"]
    assert (message["reasoning_content"], message["content"]) == ("hm", "yes")
    deltas = [c["choices"][0]["delta"] for c in chunks(told, make_parser=make_parser)[1:-3]]
    assert "".join(d.get("reasoning_content", "") for d in deltas) == "hm"
    assert "".join(d.get("content", "") for d in deltas) == "yes"


def test_logprobs_come_with_their_tokens() -> None:
    """Also with one that has no text yet."""
    told: list[Told] = [
        Accepted(1, 1),
        Delta(1, "", 0, (SCORE,)),
        Delta(1, "ab", 0, (SCORE,)),
        Finished(1, FinishReason.STOP, 1, 2),
    ]
    assert [each["token"] for each in whole(told)["choices"][0]["logprobs"]["content"]] == ["a", "a"]
    found = [c["choices"][0]["logprobs"] for c in chunks(told)[1:-3]]
    assert [len(each["content"]) for each in found] == [1, 1]


def test_how_far_the_prompt_is_comes_beside_deltas_without_a_word() -> None:
    """After the role, before the text; a whole answer does not have it."""
    first, *told, _, _, _, _, _ = chunks(READING)
    assert first["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["prompt_progress"] for chunk in told] == PROGRESS
    assert [chunk["choices"][0]["delta"] for chunk in told] == [{}, {}]
    assert whole(READING) == whole(EVENTS)


def test_timings_and_the_prompt_are_told_when_asked_for() -> None:
    """llama.cpp's extras."""
    found = chunks(EVENTS, frame=replace(FRAME, timings_per_token=True))
    assert "timings" not in found[0]
    assert all("timings" in c for c in found[1:-1])
    assert whole([Prepared(1, echo="<s>Hi"), *EVENTS], frame=replace(FRAME, verbose=True))["__verbose"] == {
        "prompt": "<s>Hi"
    }
    assert "__verbose" not in whole(EVENTS)


@given(st.lists(st.text(), max_size=8))
def test_streaming_and_not_streaming_say_the_same(texts: list[str]) -> None:
    """Any text, in any pieces."""
    end = Finished(1, FinishReason.LENGTH, 1, len(texts))
    told: list[Told] = [Accepted(1, 1), *(Delta(1, text) for text in texts), end]
    pieces = [c["choices"][0]["delta"].get("content") or "" for c in chunks(told)[:-2]]
    assert "".join(pieces) == whole(told)["choices"][0]["message"]["content"] == "".join(texts)
