"""Tests of serve.answers.native."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from serve.answers.native import NativeFrame, NativeStream, WholeNative
from serve.engine.types import Accepted, Delta, Finished, FinishReason, TokenScore
from serve.messages import Prepared
from serve.supervision.requests import Told
from tests.unit.serve.answers.telling import EVENTS, PROGRESS, READING, folded, streamed, turns

FRAME = NativeFrame(
    model="m",
    settings=({"n_predict": 2},),
    num_choices=1,
    num_probs=0,
    returns_tokens=False,
    timings_per_token=False,
    fields=(),
)
A, B = TokenScore(5, b"a", -0.5), TokenScore(6, b"\n", -1.0)
END = Finished(1, FinishReason.LENGTH, 3, 2)
TOLD: list[Told] = [Prepared(1, echo="Hi"), Accepted(1, 3), Delta(1, "a", 0, (A,)), Delta(1, "\n", 0, (B,)), END]


def whole(told: Sequence[Told], *, as_list: bool = False, **changes: Any) -> Any:
    """The whole answer."""
    reading, frame = turns(changes.get("num_choices", 1)), replace(FRAME, **changes)
    return folded(WholeNative(frame, reading, as_list=as_list), reading, told)


def chunks(told: Sequence[Told], **changes: Any) -> list[Any]:
    """The stream; its last chunk is the answer's, as nothing comes after it."""
    reading, frame = turns(), replace(FRAME, **changes)
    return streamed(NativeStream(frame, reading), reading, told)[:-1]


def test_a_whole_answer_has_llama_cpps_shape() -> None:
    """Text, counts, settings, the prompt."""
    found = whole(TOLD)
    assert (found["content"], found["tokens"], found["stop"], found["prompt"]) == ("a\n", [], True, "Hi")
    assert (found["tokens_evaluated"], found["tokens_predicted"], found["has_new_line"]) == (3, 2, True)
    assert found["generation_settings"] == {"n_predict": 2}
    assert found["timings"]["predicted_n"] == 2
    assert "completion_probabilities" not in found


def test_tokens_and_probabilities_are_told_when_asked_for() -> None:
    """Those of all the text."""
    found = whole(TOLD, returns_tokens=True, num_probs=1)
    assert found["tokens"] == [5, 6]
    assert [each["logprob"] for each in found["completion_probabilities"]] == [-0.5, -1.0]


@pytest.mark.parametrize(
    ("end", "stop_type", "word", "truncated"),
    [
        (END, "limit", "", False),
        (replace(END, num_generated_tokens=1), "limit", "", True),
        (replace(END, reason=FinishReason.STOP), "eos", "", False),
        (replace(END, reason=FinishReason.STOP, stop="x"), "word", "x", False),
    ],
)
def test_why_it_ended_is_told(end: Finished, stop_type: str, word: str, truncated: bool) -> None:
    """Out of tokens, out of room, by the model, by a stop string."""
    found = whole([*TOLD[:-1], end])
    assert (found["stop_type"], found["stopping_word"], found["truncated"]) == (stop_type, word, truncated)


def test_a_stream_tells_tokens_and_ends_with_all_that_is_known() -> None:
    """Its last chunk has no text of its own."""
    first, second, last = chunks(TOLD, timings_per_token=True, num_probs=1)
    assert [(c["content"], c["tokens"], c["stop"]) for c in (first, second)] == [("a", [5], False), ("\n", [6], False)]
    assert (last["content"], last["stop"], last["has_new_line"]) == ("", True, True)
    assert len(first["completion_probabilities"]) == 1
    assert "timings" in second


def test_how_far_the_prompt_is_comes_before_the_text() -> None:
    """In chunks without any."""
    found = chunks(READING)
    assert [(chunk["prompt_progress"], chunk["content"], chunk["stop"]) for chunk in found[:2]] == [
        (each, "", False) for each in PROGRESS
    ]
    assert whole(READING) == whole(EVENTS)


def test_each_token_has_a_chunk_of_its_own() -> None:
    """Also where the text of several comes at once, as the first of them ended inside of a character."""
    told: list[Told] = [TOLD[0], TOLD[1], Delta(1, "ab", 0, (A, B)), END]
    assert [(c["content"], c["tokens"]) for c in chunks(told)[:-1]] == [("", [5]), ("ab", [6])]


def test_only_the_wanted_fields_are_told() -> None:
    """Inner ones by their path; what is not there is not made up."""
    fields = ("content", "generation_settings/n_predict", "nothing/there")
    assert whole(TOLD, fields=fields) == {"content": "a\n", "generation_settings/n_predict": 2}


def test_several_answers_are_a_list() -> None:
    """Also one, if its client expects one."""
    assert [each["content"] for each in whole(TOLD, as_list=True)] == ["a\n"]
    other: list[Told] = [Delta(1, "b", 1), Finished(1, FinishReason.STOP, 3, 1, choice=1, is_last=False)]
    found = whole([*TOLD[:-1], *other, END], as_list=True, num_choices=2)
    assert [(each["index"], each["content"]) for each in found] == [(0, "a\n"), (1, "b")]
