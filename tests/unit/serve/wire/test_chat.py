"""Tests of serve.wire.chat."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import ChatMessage, Conversation, ReasoningFormat
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry
from serve.wire.chat import ChatRequest
from tests.unit.serve.wire.bodies import ENTRY, HELLO, chat

PLAIN = ModelEntry(id="m", file="m.gguf", num_slots=1, context_tokens=64, stop=("\n",))
ANSWER = {"role": "assistant", "content": "Well"}


def conversation(**fields: Any) -> Conversation:
    """The prompt of a chat."""
    prompt = chat(**fields).prompt
    assert isinstance(prompt, Conversation)
    return prompt


def test_a_plain_chat_is_taken_with_defaults() -> None:
    """No limit but the room, the engine's sampling, the model's own stop strings."""
    prompt = Conversation((ChatMessage("user", "Hello"),))
    assert chat(PLAIN) == GenerateRequest(prompt, stop=("\n",))


def test_max_tokens_has_two_names() -> None:
    """The newer one wins; none of them is 0."""
    assert chat(max_tokens=5).max_tokens == 5
    assert chat(max_tokens=5, max_completion_tokens=7).max_tokens == 7
    for name in ("max_tokens", "max_completion_tokens"):
        with pytest.raises(ValidationError):
            chat(ENTRY, **{name: 0})


@pytest.mark.parametrize(
    ("fields", "num"),
    [({}, None), ({"logprobs": False}, None), ({"logprobs": True}, 0), ({"logprobs": True, "top_logprobs": 5}, 5)],
)
def test_logprobs_are_a_wish_and_a_number(fields: dict[str, Any], num: int | None) -> None:
    """Of the chosen token, or of likely ones too."""
    assert chat(**fields).num_logprobs == num


def test_a_number_of_logprobs_needs_the_wish() -> None:
    """As OpenAI has it; at most 20."""
    with pytest.raises(InvalidRequestError, match="top_logprobs is 5: it needs logprobs to be true"):
        chat(top_logprobs=5)
    with pytest.raises(ValidationError):
        chat(logprobs=True, top_logprobs=21)


def test_what_the_template_is_told_travels_as_text() -> None:
    """An effort, as OpenAI names it, is a variable and says whether to think. Else the entry knows."""
    assert conversation().template_kwargs_json == "{}"
    off = conversation(chat_template_kwargs={"enable_thinking": False})
    assert off.template_kwargs_json == '{"enable_thinking": false}'
    low = conversation(reasoning_effort="low")
    assert low.template_kwargs_json == '{"enable_thinking": true, "reasoning_effort": "low"}'


@pytest.mark.parametrize(
    ("fields", "goes_on"),
    [
        ({"messages": HELLO}, False),
        ({"messages": [*HELLO, ANSWER]}, True),
        ({"messages": [*HELLO, ANSWER], "continue_final_message": True, "add_generation_prompt": False}, True),
        ({"messages": [*HELLO, ANSWER], "continue_final_message": False}, False),
        ({"messages": [*HELLO, ANSWER], "add_generation_prompt": True}, False),
        ({"messages": [*HELLO, ANSWER, *HELLO]}, False),
    ],
)
def test_an_answer_that_has_begun_is_gone_on_with(fields: dict[str, Any], goes_on: bool) -> None:
    """As in llama.cpp, where nothing else is said."""
    assert conversation(**fields).continue_final == goes_on


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"messages": [*HELLO, ANSWER, ANSWER]}, "messages ends with two of the assistant"),
        ({"messages": HELLO, "continue_final_message": True}, "the last message must be the assistant's"),
        (
            {"messages": [*HELLO, ANSWER], "continue_final_message": True, "add_generation_prompt": True},
            "are both true",
        ),
    ],
)
def test_what_cannot_be_gone_on_with_is_refused(fields: dict[str, Any], words: str) -> None:
    """Whatever came of it would be a guess."""
    with pytest.raises(InvalidRequestError, match=words):
        chat(**fields)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [(None, ReasoningFormat.AUTO), ("deepseek", ReasoningFormat.AUTO), ("none", ReasoningFormat.NONE)],
)
def test_thoughts_go_where_llama_cpps_words_say(given: str | None, wanted: ReasoningFormat) -> None:
    """Into their own field, or as they are."""
    body = {"messages": HELLO, "reasoning_format": given}
    assert ChatRequest.model_validate(body).reasoning == wanted
