"""Tests of serve.answers.text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serve.answers.text import TextStream, WholeText
from serve.engine.types import Accepted, Delta, Finished, FinishReason, PromptScores, TokenScore
from serve.messages import Prepared
from serve.supervision.requests import Told
from tests.unit.serve.answers.telling import EVENTS, FRAME, PROGRESS, READING, folded, streamed, turns

ECHO: list[Told] = [
    Prepared(1, echo="ab"),
    Accepted(1, 2),
    PromptScores(1, (TokenScore(1, b"a", None), TokenScore(2, b"b", -1.0))),
    Delta(1, "c", 0, (TokenScore(3, b"c", -2.0),)),
    Finished(1, FinishReason.LENGTH, 2, 1),
]


def whole(told: Sequence[Told], *, has_logprobs: bool = False, **more: Any) -> Any:
    """The whole answer."""
    reading = turns(**more)
    return folded(WholeText(FRAME, reading, has_logprobs=has_logprobs), reading, told)


def chunks(told: Sequence[Told], *, has_logprobs: bool = False, frame: Any = FRAME, **more: Any) -> list[Any]:
    """The stream."""
    reading = turns(**more)
    return streamed(TextStream(frame, reading, has_logprobs=has_logprobs), reading, told)


def test_a_whole_answer_has_openais_shape() -> None:
    """Text, reason, usage."""
    found = whole(EVENTS)
    assert found["object"] == "text_completion"
    assert found["choices"] == [{"index": 0, "text": "Héllo", "logprobs": None, "finish_reason": "stop"}]
    assert found["usage"]["total_tokens"] == 7


def test_a_stream_has_text_then_the_reason_then_usage() -> None:
    """No role, as nobody speaks."""
    *found, done = chunks(EVENTS)
    assert done == "[DONE]"
    assert [(c["choices"][0]["text"], c["choices"][0]["finish_reason"]) for c in found[:-1]] == [
        ("Hé", None),
        ("llo", None),
        ("", "stop"),
    ]
    assert found[-1]["usage"]["completion_tokens"] == 4
    assert "usage" not in chunks(EVENTS, frame=replace(FRAME, include_usage=False))[-2]


def test_how_far_the_prompt_is_comes_before_the_text() -> None:
    """But where the prompt's scores are the beginning of the answer."""
    found = chunks(READING)
    assert [chunk["prompt_progress"] for chunk in found[:2]] == PROGRESS
    assert [chunk["choices"][0]["text"] for chunk in found[:3]] == ["", "", "Hé"]
    assert whole(READING) == whole(EVENTS)
    assert not any("prompt_progress" in chunk for chunk in chunks(READING, waits_for_scores=True))


def test_an_echo_comes_first_with_its_scores() -> None:
    """And the offsets of all tokens go through prompt and answer."""
    logprobs = whole(ECHO, has_logprobs=True, waits_for_scores=True)["choices"][0]["logprobs"]
    assert logprobs["tokens"] == ["a", "b", "c"]
    assert logprobs["token_logprobs"] == [None, -1.0, -2.0]
    assert logprobs["text_offset"] == [0, 1, 2]
    first, second, *_ = chunks(ECHO, has_logprobs=True, waits_for_scores=True)
    assert (first["choices"][0]["text"], second["choices"][0]["text"]) == ("ab", "c")
    assert second["choices"][0]["logprobs"]["text_offset"] == [2]


def test_an_echo_without_scores_is_only_text() -> None:
    """It comes as soon as the prompt is accepted."""
    told = [each for each in ECHO if not isinstance(each, PromptScores)]
    found = whole(told)["choices"][0]
    assert (found["text"], found["logprobs"]) == ("abc", None)
    assert chunks(told)[0]["choices"][0]["text"] == "ab"


@given(st.lists(st.text(), max_size=8))
def test_streaming_and_not_streaming_say_the_same(texts: list[str]) -> None:
    """Any text, in any pieces."""
    end = Finished(1, FinishReason.LENGTH, 1, len(texts))
    told: list[Told] = [Accepted(1, 1), *(Delta(1, text) for text in texts), end]
    pieces = [c["choices"][0]["text"] for c in chunks(told)[:-2]]
    assert "".join(pieces) == whole(told)["choices"][0]["text"] == "".join(texts)
