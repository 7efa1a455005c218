"""Tests of serve.wire.common."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from serve.engine.types import Adapter
from serve.errors import InvalidRequestError
from serve.wire.common import TextFields
from tests.unit.serve.wire.bodies import chat, completion


def test_stop_strings_add_to_the_models_own() -> None:
    """As one string or several; empty ones mean nothing."""
    assert chat(stop="END").stop == ("END", "\n")
    assert chat(stop=["a", "", "b"]).stop == ("a", "b", "\n")
    assert completion(stop="END").stop == ("END",)


def test_several_choices_may_be_asked_for() -> None:
    """best_of is served where it is the same."""
    assert chat().num_choices == 1
    assert chat(n=3).num_choices == 3
    assert completion(n=3, best_of=3).num_choices == 3
    with pytest.raises(InvalidRequestError, match="best_of is 4: this server takes what n is, 3, here"):
        completion(n=3, best_of=4)


def test_how_far_the_prompt_is_is_told_in_streams_only() -> None:
    """There is no place for it in a whole answer."""
    asked = {"return_progress": True}
    assert [chat(stream=stream, **asked).tells_progress for stream in (True, False)] == [True, False]
    assert not chat(stream=True).tells_progress


def test_a_lower_priority_is_sooner() -> None:
    """As in vLLM; in the engine the higher one is."""
    assert chat(priority=-5).priority == 5
    assert chat().priority == 0


def test_how_long_it_may_wait_is_the_requests_own() -> None:
    """Seconds; without it the engine's bound holds."""
    assert chat(queue_timeout=1.5).wait_s == 1.5
    assert chat().wait_s is None


@pytest.mark.parametrize(
    ("lora", "adapters"),
    [
        (None, (Adapter("on", 0.5),)),
        ([], ()),
        ([{"id": 1, "scale": 0.25}], (Adapter("off", 0.25),)),
        ([{"name": "off"}, {"name": "on", "scale": 0}], (Adapter("off", 1.0),)),
    ],
)
def test_adapters_are_the_requests_or_the_models(lora: Any, adapters: tuple[Adapter, ...]) -> None:
    """By place in the list, as llama.cpp has it, or by name. Nothing of an adapter is no adapter."""
    assert chat(lora=lora).adapters == adapters


@pytest.mark.parametrize("lora", [[{"id": 2}], [{"name": "x"}], [{"scale": 1}]])
def test_an_unknown_adapter_is_named_with_those_there_are(lora: Any) -> None:
    """The error helps to choose another."""
    with pytest.raises(InvalidRequestError, match=r"lora\.0 is .*: model 'm' has the adapters: on, off"):
        chat(lora=lora)


@pytest.mark.parametrize(
    "fields",
    [
        {"functions": [{"name": "f"}]},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "x"}},
        {"moderation": {"model": "x", "policy": {"output": {"mode": "block"}}}},
    ],
)
def test_what_would_change_the_answer_and_is_not_served_is_refused(fields: dict[str, Any]) -> None:
    """The field is named, so that the client knows what to leave out."""
    (name,) = fields
    with pytest.raises(InvalidRequestError, match=f"^{name} is ") as caught:
        chat(**fields)
    assert caught.value.param == name


def test_neutral_values_and_unknown_fields_are_taken() -> None:
    """Clients send them by habit."""
    chat(n=1, logprobs=False, tools=[], response_format={"type": "text"}, tool_choice="auto", user="x", store=True)
    completion(echo=False, best_of=1, suffix=None, functions=[], cache_prompt=True, id_slot=0)
    chat(prediction={"type": "content", "content": "x"})  # makes an answer sooner, not another one


@pytest.mark.parametrize("name", ["stream", "ignore_eos", "timings_per_token", "return_progress"])
def test_a_flag_may_be_null(name: str) -> None:
    """As OpenAI's types have it: nothing was said."""
    given = {"model": "m", "stream_options": {"include_usage": None}, name: None}
    found = TextFields.model_validate_json(json.dumps(given))
    assert getattr(found, name) is False
    assert not found.include_usage
    with pytest.raises(ValidationError, match=name):
        TextFields.model_validate_json(json.dumps(given | {name: "perhaps"}))


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 0},
        {"n": 129},
        {"max_tokens": 2**40},
        {"stop": ["x"] * 17},
        {"stop": ["x" * 1001]},
        {"priority": 1001},
        {"queue_timeout": -1},
        {"lora": [{"id": 0, "scale": 1000}]},
        {"ignore_eos": "perhaps"},
    ],
)
def test_values_out_of_their_range_are_refused(fields: dict[str, Any]) -> None:
    """Before anything else sees them."""
    with pytest.raises(ValidationError):
        chat(**fields)
