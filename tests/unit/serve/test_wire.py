"""Tests of serve.wire."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import ChatMessage
from serve.engine.types import NO_SEED, Sampling
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest
from serve.models import ModelEntry, SamplingDefaults
from serve.wire import ChatRequest, CompletionRequest

ENTRY = ModelEntry(id="m", file="m.gguf", num_slots=1, context_tokens=64, stop=("\n",))
HELLO = [{"role": "user", "content": "Hello"}]


def chat(entry: ModelEntry = ENTRY, **fields: Any) -> GenerateRequest:
    """Parse a chat request."""
    return ChatRequest.model_validate({"model": "m", "messages": HELLO} | fields).to_generate(entry)


def completion(**fields: Any) -> GenerateRequest:
    """Parse a completion request."""
    return CompletionRequest.model_validate({"model": "m", "prompt": "Once"} | fields).to_generate(ENTRY)


def test_a_plain_chat_is_taken_with_defaults() -> None:
    """No limit but the room, the engine's sampling, the model's own stop strings."""
    assert chat() == GenerateRequest(messages=(ChatMessage("user", "Hello"),), stop=("\n",))


def test_content_may_come_in_parts_and_developer_means_system() -> None:
    """OpenAI's newer forms of the same."""
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    found = chat(messages=[{"role": "developer", "content": parts}, {"role": "assistant", "content": None}])
    assert found.messages == (ChatMessage("system", "ab"), ChatMessage("assistant", ""))


def test_what_the_request_says_wins_over_the_model_over_the_default() -> None:
    """Three layers of sampling."""
    entry = ModelEntry(
        id="m", file="m.gguf", num_slots=1, context_tokens=64, sampling=SamplingDefaults(temperature=0.1, top_k=3)
    )
    assert chat(entry, temperature=0.9).sampling == Sampling(temperature=0.9, top_k=3)


def test_a_zero_is_said_and_not_missing() -> None:
    """Temperature 0 is a wish, not an absence."""
    entry = ModelEntry(
        id="m", file="m.gguf", num_slots=1, context_tokens=64, sampling=SamplingDefaults(temperature=0.7)
    )
    assert chat(entry, temperature=0).sampling.temperature == 0


def test_stop_strings_add_to_the_models_own() -> None:
    """As one string or several; empty ones mean nothing."""
    assert chat(stop="END").stop == ("END", "\n")
    assert chat(stop=["a", "", "b"]).stop == ("a", "b", "\n")
    assert completion(stop="END").stop == ("END",)


def test_max_tokens_has_two_names_in_chat() -> None:
    """The newer one wins."""
    assert chat(max_tokens=5).max_tokens == 5
    assert chat(max_tokens=5, max_completion_tokens=7).max_tokens == 7


def test_completions_take_one_prompt_and_16_tokens_by_default() -> None:
    """As OpenAI does; a list with one prompt is one prompt."""
    assert completion() == GenerateRequest(text="Once", max_tokens=16)
    assert completion(prompt=["Twice"]).text == "Twice"
    with pytest.raises(ValidationError):
        completion(prompt=["a", "b"])


@pytest.mark.parametrize("seed", [0, 1, -1, 2**62, NO_SEED])
def test_every_seed_is_a_fixed_one(seed: int) -> None:
    """None of them may turn into the engine's word for chance."""
    assert 0 <= chat(seed=seed).sampling.seed < NO_SEED


def test_a_logit_bias_comes_with_tokens_as_text() -> None:
    """JSON has no other keys."""
    assert chat(logit_bias={"5": -100}).sampling.logit_bias == ((5, -100.0),)


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 2},
        {"logprobs": True},
        {"top_logprobs": 3},
        {"tools": [{"type": "function"}]},
        {"response_format": {"type": "json_object"}},
        {"tool_choice": "required"},
    ],
)
def test_what_would_change_the_answer_and_is_not_served_is_refused(fields: dict[str, Any]) -> None:
    """The field is named, so that the client knows what to leave out."""
    (name,) = fields
    with pytest.raises(InvalidRequestError, match=f"^{name} is ") as caught:
        chat(**fields)
    assert caught.value.param == name


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "x" * 200}}]},
        {"function_call": {"name": "f", "arguments": "{}"}},
        {"audio": {"id": "1"}},
    ],
)
def test_parts_of_a_message_that_are_not_served_are_refused(fields: dict[str, Any]) -> None:
    """Without them the turn would mean something else; the message and the field are named."""
    (name,) = fields
    with pytest.raises(InvalidRequestError, match=rf"^messages\.1\.{name} is .{{1,80}}: this server takes ") as caught:
        chat(messages=[*HELLO, {"role": "assistant", "content": None, **fields}])
    assert caught.value.param == f"messages.1.{name}"


def test_neutral_values_and_unknown_fields_are_taken() -> None:
    """Clients send them by habit."""
    chat(n=1, logprobs=False, tools=[], response_format={"type": "text"}, tool_choice="auto", user="x", store=True)
    chat(messages=[{"role": "user", "content": "a", "name": "b", "tool_calls": [], "audio": None, "refusal": None}])
    completion(echo=False, best_of=1, suffix=None)


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        {"temperature": 2.1},
        {"top_p": 0},
        {"max_tokens": 2**40},
        {"stop": ["x"] * 17},
        {"logit_bias": {"a": 1}},
        {"seed": 2**70},
    ],
)
def test_values_out_of_their_range_are_refused(fields: dict[str, Any]) -> None:
    """Before anything else sees them."""
    with pytest.raises(ValidationError):
        chat(**fields)
