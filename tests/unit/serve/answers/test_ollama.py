"""Tests of serve.answers.ollama."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.answers.framing import OLLAMA, frames
from serve.answers.ollama import (
    Form,
    OllamaFrame,
    OllamaStream,
    WholeOllama,
    as_message,
    as_response,
    durations,
    moment,
    nanoseconds,
)
from serve.answers.turns import Tally, Turns
from serve.chat.parse import make_parser
from serve.engine.types import Accepted, Delta, Finished, FinishReason, TokenScore
from serve.errors import GenerationError, RequestError
from serve.messages import Prepared
from serve.supervision.requests import Told
from tests.helpers.fakes import FakeClock
from tests.unit.serve.answers.telling import EVENTS, folded, playing

NOW_NS = 1_700_000_000_123_456_789
CALL = '<tool_call>\n{"name": "f", "arguments": {"a": "é"}}\n</tool_call>'
HERMES: list[Told] = [Prepared(1, "hermes", ""), Accepted(1, 1)]
TOOLS = partial(make_parser, tools={"f", "g"})


def frame(form: Form = as_message) -> OllamaFrame:
    """Of a request that came when the clock stood where it still stands."""
    return OllamaFrame("m:latest", form, FakeClock()(), lambda: NOW_NS)


def whole(told: Sequence[Told], form: Form = as_message, **more: Any) -> Any:
    """The whole answer."""
    turns = Turns(1, FakeClock(), more.pop("make_parser", None))
    return folded(WholeOllama(frame(form), turns, **more), turns, told)


def lines(
    told: Sequence[Told], form: Form = as_message, error: RequestError | None = None, **more: Any
) -> list[dict[str, Any]]:
    """The stream."""
    turns = Turns(1, FakeClock(), more.pop("make_parser", None))
    stream = OllamaStream(frame(form), turns, **more)

    async def story() -> bytes:
        return b"".join([data async for data in frames(OLLAMA, stream, turns, playing(told, error))])

    return [json.loads(line) for line in asyncio.run(story()).splitlines()]


def ended(text: str, reason: FinishReason = FinishReason.STOP) -> list[Told]:
    """An answer in Hermes' form."""
    return [*HERMES, Delta(1, text), Finished(1, reason, 1, 9)]


def test_a_whole_answer_has_ollamas_shape() -> None:
    """With all that it cost."""
    assert whole(EVENTS) == {
        "model": "m:latest",
        "created_at": "2023-11-14T22:13:20.123456789Z",
        "message": {"role": "assistant", "content": "Héllo"},
        "done": True,
        "done_reason": "stop",
        "total_duration": 0,
        "load_duration": 0,
        "prompt_eval_count": 3,
        "prompt_eval_duration": 0,
        "eval_count": 4,
        "eval_duration": 1,
    }


def test_a_stream_has_a_line_for_each_piece_and_one_at_the_end() -> None:
    """Only the last one is done, and says nothing more."""
    told = lines(EVENTS, as_response)
    assert [(line["response"], line["done"]) for line in told] == [("Hé", False), ("llo", False), ("", True)]
    assert told[-1]["done_reason"] == "stop"
    assert "total_duration" not in told[0]
    assert "eval_count" in told[-1]


@pytest.mark.parametrize(("form", "key"), [(as_message, "message"), (as_response, "response")])
def test_thoughts_stand_beside_the_text(form: Form, key: str) -> None:
    """Where the API has them."""
    told: list[Told] = [Prepared(1, "hermes+think", ""), Accepted(1, 1), Delta(1, "<think>hm</think>yes")]
    answer = whole([*told, Finished(1, FinishReason.STOP, 1, 9)], form, make_parser=make_parser)
    found = answer["message"] if form is as_message else {"content": answer["response"], "thinking": answer["thinking"]}
    assert (found["content"], found["thinking"]) == ("yes", "hm")
    assert key in answer


def test_a_call_is_told_when_it_is_whole() -> None:
    """In one line, with its arguments as an object; such an answer has simply stopped."""
    told = lines(ended(CALL), make_parser=TOOLS)
    (call,) = [line["message"]["tool_calls"] for line in told if "tool_calls" in line["message"]]
    assert call == [{"id": call[0]["id"], "function": {"index": 0, "name": "f", "arguments": {"a": "é"}}}]
    assert (told[-1]["done_reason"], told[-1]["message"]["content"]) == ("stop", "")


def test_calls_are_numbered_and_text_around_them_stays() -> None:
    """As the model said it."""
    second = CALL.replace('"f"', '"g"')
    message = whole(ended(f"Well.{CALL}\n{second}"), make_parser=TOOLS)["message"]
    assert [(each["function"]["index"], each["function"]["name"]) for each in message["tool_calls"]] == [
        (0, "f"),
        (1, "g"),
    ]
    assert message["content"].strip() == "Well."


def test_a_call_that_was_cut_off_is_text() -> None:
    """Nobody could make it."""
    answer = whole(ended(CALL[:-20], FinishReason.LENGTH), make_parser=TOOLS)
    assert "tool_calls" not in answer["message"]
    assert answer["message"]["content"] == '{"a"'
    assert answer["done_reason"] == "length"


@given(st.text(max_size=30), st.integers(0, 3), st.lists(st.integers(1, 9)))
def test_a_stream_is_the_whole_answer_in_pieces(text: str, num_calls: int, cuts: list[int]) -> None:
    """However it is cut, and whatever it calls."""
    rest, pieces = text + CALL * num_calls, list[str]()
    for cut in cuts:
        pieces, rest = [*pieces, rest[:cut]], rest[cut:]
    told: list[Told] = [*HERMES, *(Delta(1, piece) for piece in (*pieces, rest)), Finished(1, FinishReason.STOP, 1, 9)]
    message = whole(told, make_parser=TOOLS)["message"]
    streamed = [line["message"] for line in lines(told, make_parser=TOOLS)]
    assert "".join(each["content"] for each in streamed) == message["content"]
    calls = [call["function"] for each in streamed for call in each.get("tool_calls", ())]
    assert calls == [call["function"] for call in message.get("tool_calls", ())]


def test_scores_come_with_their_tokens() -> None:
    """Also where a token says nothing yet."""
    score = TokenScore(5, b"\xc3", -0.5, ((5, b"\xc3", -0.5),))
    told: list[Told] = [Accepted(1, 1), Delta(1, "", scores=(score,)), Delta(1, "é", scores=(score,))]
    told = [*told, Finished(1, FinishReason.STOP, 1, 2)]
    streamed = lines(told, as_response)
    assert [len(line.get("logprobs", ())) for line in streamed] == [1, 1, 0]
    answer = whole(told, as_response)
    assert [each["logprob"] for each in answer["logprobs"]] == [-0.5, -0.5]
    assert answer["logprobs"][0]["top_logprobs"][0]["bytes"] == [0xC3]


def test_the_last_line_may_say_what_to_go_on_with() -> None:
    """Made of all that was said but thoughts."""
    context: Callable[[str], dict[str, Any]] = lambda answer: {"context": [len(answer)]}  # noqa: E731
    assert whole(EVENTS, as_response, context=context)["context"] == [5]
    told = lines(EVENTS, as_response, context=context)
    assert ["context" in line for line in told] == [False, False, True]


def test_an_error_in_a_stream_is_its_last_line() -> None:
    """In Ollama's shape."""
    told = lines(EVENTS[:2], error=GenerationError("broken"))
    assert told[-1] == {"error": "broken"}
    assert not any(line.get("done") for line in told)


def test_times_follow_each_other() -> None:
    """Loading, reading, writing; all of it together."""
    tally = Tally(num_prompt_tokens=3, num_generated_tokens=4, began_s=11.0, first_s=11.5, last_s=13.0)
    assert durations(tally, 10.0) == {
        "total_duration": 3_000_000_000,
        "load_duration": 1_000_000_000,
        "prompt_eval_count": 3,
        "prompt_eval_duration": 500_000_000,
        "eval_count": 4,
        "eval_duration": 1_500_000_000,
    }


def test_an_answer_without_a_token_took_no_time_to_write() -> None:
    """All of it was reading."""
    told = durations(Tally(began_s=1.0, last_s=3.0), 1.0)
    assert (told["prompt_eval_duration"], told["eval_duration"]) == (2_000_000_000, 0)


def test_tokens_that_come_at_once_took_some_time() -> None:
    """Clients divide by it."""
    tally = Tally(num_generated_tokens=6, began_s=1.0, first_s=3.0, last_s=3.0)
    assert durations(tally, 1.0)["eval_duration"] == 1


@given(st.floats(-1e6, 1e6))
def test_no_duration_is_below_none(seconds: float) -> None:
    """Whatever clocks do."""
    assert nanoseconds(seconds) >= 0


@given(st.integers(0, 253_402_300_799 * 10**9))
def test_a_moment_is_told_to_the_nanosecond(ns: int) -> None:
    """In UTC; moments in order are texts in order."""
    assert moment(ns).endswith(f".{ns % 10**9:09d}Z")
    assert moment(ns) <= moment(ns + 1)
