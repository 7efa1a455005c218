"""Tests of serve.wire.native."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from serve.chat.types import FormKind
from serve.engine.types import NO_SEED
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest, TextPrompt
from serve.models import SamplingDefaults
from serve.wire.native import NativeRequest, generation_settings
from tests.unit.serve.wire.bodies import ENTRY


def native(**fields: Any) -> list[GenerateRequest]:
    """The engine's requests."""
    return NativeRequest.model_validate({"prompt": "Once"} | fields).to_generate(ENTRY)


@pytest.mark.parametrize(
    ("fields", "max_tokens"),
    [({}, None), ({"n_predict": 5}, 5), ({"n_predict": -1}, None), ({"n_predict": 0}, 0), ({"max_tokens": 7}, 7)],
)
def test_how_many_tokens_is_a_number_or_as_many_as_fit(fields: dict[str, Any], max_tokens: int | None) -> None:
    """None of OpenAI's 16."""
    assert native(**fields)[0].max_tokens == max_tokens


def test_the_models_own_bound_holds_for_what_is_not_said() -> None:
    """Told to be without bound, a request is."""
    entry = replace(ENTRY, max_tokens=9)
    for given, wanted in ({}, 9), ({"n_predict": -1}, None), ({"n_predict": 3}, 3):
        (found,) = NativeRequest.model_validate({"prompt": "a"} | given).to_generate(entry)
        assert found.max_tokens == wanted


def test_a_negative_seed_is_chance() -> None:
    """Also where the model has a seed."""
    assert native(seed=-1)[0].sampling.seed == NO_SEED
    assert native(seed=5)[0].sampling.seed == 5
    entry = replace(ENTRY, sampling=SamplingDefaults(seed=3))
    assert NativeRequest(prompt="a").to_generate(entry)[0].sampling.seed == 3
    assert NativeRequest(prompt="a", seed=-1).to_generate(entry)[0].sampling.seed == NO_SEED


@pytest.mark.parametrize(
    ("fields", "num"),
    [({}, None), ({"n_probs": 3}, 3), ({"return_tokens": True}, 0), ({"stream": True}, 0)],
)
def test_tokens_are_known_by_their_scores(fields: dict[str, Any], num: int | None) -> None:
    """A stream tells them always."""
    assert native(**fields)[0].num_logprobs == num


@pytest.mark.parametrize(("prompt", "wanted"), [("a", False), ([1, 2], False), (["a"], True), (["a", "b"], True)])
def test_a_list_is_answered_with_a_list(prompt: Any, wanted: bool) -> None:
    """So are several choices."""
    assert NativeRequest(prompt=prompt).wants_list == wanted
    assert NativeRequest(prompt=prompt, n=2).wants_list


def test_settings_are_told_under_llama_cpps_names() -> None:
    """Never is null."""
    body = NativeRequest.model_validate(
        {"prompt": "a", "n_predict": 5, "seed": 7, "grammar": 'root ::= "a"', "logit_bias": [[3, False]], "n_probs": 2}
    )
    (request,) = body.to_generate(ENTRY)
    found = body.settings(request)
    assert (found["n_predict"], found["seed"], found["grammar"]) == (5, 7, 'root ::= "a"')
    assert (found["logit_bias"], found["n_probs"]) == ([{"token": 3, "bias": None}], 2)
    assert request.form.kind is FormKind.GRAMMAR
    assert generation_settings(GenerateRequest(TextPrompt(())))["seed"] == -1


@pytest.mark.parametrize(
    "fields", [{"post_sampling_probs": True}, {"dynatemp_range": 0.5}, {"top_n_sigma": 1.0}, {"input_suffix": "x"}]
)
def test_what_would_change_the_answer_and_is_not_served_is_refused(fields: dict[str, Any]) -> None:
    """The field is named."""
    (name,) = fields
    with pytest.raises(InvalidRequestError, match=f"^{name} is "):
        native(**fields)


@pytest.mark.parametrize("fields", [{"n_probs": 101}, {"n_probs": -1}, {"prompt": None}, {"n_predict": 2**40}])
def test_values_out_of_their_range_are_refused(fields: dict[str, Any]) -> None:
    """Before anything else sees them."""
    with pytest.raises(ValidationError):
        native(**fields)
