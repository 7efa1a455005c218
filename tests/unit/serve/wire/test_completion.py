"""Tests of serve.wire.completion."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.engine.types import Adapter
from serve.errors import InvalidRequestError
from serve.messages import GenerateRequest, TextPrompt
from tests.unit.serve.wire.bodies import completion, completions


def test_a_prompt_gets_16_tokens_by_default() -> None:
    """As OpenAI does."""
    assert completion() == GenerateRequest(TextPrompt(("Once",)), max_tokens=16, adapters=(Adapter("on", 0.5),))


def test_several_prompts_are_several_requests() -> None:
    """Each with all that was asked."""
    found = completions(prompt=["a", [1, 2]], n=2)
    assert [each.prompt for each in found] == [TextPrompt(("a",)), TextPrompt((1, 2))]
    assert {each.num_choices for each in found} == {2}


def test_all_answers_together_are_bounded() -> None:
    """Prompts times choices."""
    with pytest.raises(InvalidRequestError, match="3 prompts with n 50 make 150 answers: 128 are allowed"):
        completions(prompt=["a", "b", "c"], n=50)


@pytest.mark.parametrize(
    ("fields", "max_tokens"),
    [
        ({"max_tokens": 0}, 0),
        ({"max_tokens": None}, None),
        ({"n_predict": 5}, 5),
        ({"n_predict": -1}, None),
        ({"n_predict": 5, "max_tokens": 7}, 7),
    ],
)
def test_how_many_tokens_has_two_names(fields: dict[str, Any], max_tokens: int | None) -> None:
    """OpenAI's wins over llama.cpp's. 0 only reads the prompt."""
    assert completion(**fields).max_tokens == max_tokens


@pytest.mark.parametrize(
    ("fields", "echoes", "num_logprobs", "scores"),
    [
        ({}, False, None, False),
        ({"echo": None}, False, None, False),
        ({"echo": True}, True, None, False),
        ({"logprobs": 0}, False, 0, False),
        ({"echo": True, "logprobs": 3}, True, 3, True),
    ],
)
def test_an_echo_with_logprobs_measures_the_prompt(
    fields: dict[str, Any], echoes: bool, num_logprobs: int | None, scores: bool
) -> None:
    """Each of both alone does not."""
    found = completion(**fields)
    assert (found.echoes, found.num_logprobs, found.scores_prompt) == (echoes, num_logprobs, scores)


def test_a_suffix_is_not_served() -> None:
    """An answer that does not lead to it would be another."""
    with pytest.raises(InvalidRequestError, match="suffix is 'x': this server takes '' here"):
        completion(suffix="x")


@pytest.mark.parametrize("fields", [{"logprobs": 21}, {"max_tokens": -1}, {"n_predict": -2}])
def test_values_out_of_their_range_are_refused(fields: dict[str, Any]) -> None:
    """Before anything else sees them."""
    with pytest.raises(ValidationError):
        completion(**fields)
