"""Tests of serve.wire.sampling."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serve.engine.types import NO_SEED, Sampling
from serve.models import ModelEntry, SamplingDefaults
from tests.unit.serve.wire.bodies import chat, completion


def entry(**sampling: Any) -> ModelEntry:
    """A model with defaults of its own."""
    return ModelEntry(id="m", file="m.gguf", num_slots=1, context_tokens=64, sampling=SamplingDefaults(**sampling))


def test_what_the_request_says_wins_over_the_model_over_the_default() -> None:
    """Three layers of sampling."""
    found = chat(entry(temperature=0.1, top_k=3), temperature=0.9)
    assert found.sampling == Sampling(temperature=0.9, top_k=3)


def test_a_zero_is_said_and_not_missing() -> None:
    """Temperature 0 is a wish, not an absence; null is none."""
    assert chat(entry(temperature=0.7), temperature=0).sampling.temperature == 0
    assert chat(entry(temperature=0.7), temperature=None).sampling.temperature == 0.7


def test_all_of_llama_cpps_samplers_are_there_under_its_names() -> None:
    """And vLLM's word for one of them."""
    found = completion(
        typical_p=0.9,
        xtc_probability=0.5,
        xtc_threshold=0.2,
        repeat_penalty=1.1,
        repeat_last_n=-1,
        dry_multiplier=0.8,
        dry_base=1.5,
        dry_allowed_length=3,
        dry_penalty_last_n=100,
        dry_sequence_breakers=["\n"],
        mirostat=2,
        mirostat_tau=4.0,
        mirostat_eta=0.2,
        top_k=-1,
    ).sampling
    assert found == Sampling(
        top_k=0,
        typical_p=0.9,
        xtc_probability=0.5,
        xtc_threshold=0.2,
        repeat_penalty=1.1,
        penalty_window_tokens=-1,
        dry_multiplier=0.8,
        dry_base=1.5,
        dry_allowed_tokens=3,
        dry_window_tokens=100,
        dry_breakers=("\n",),
        mirostat=2,
        mirostat_tau=4.0,
        mirostat_eta=0.2,
    )
    assert completion(repetition_penalty=1.2).sampling.repeat_penalty == 1.2


@pytest.mark.parametrize("seed", [0, 1, -1, 2**62, NO_SEED])
def test_every_seed_is_a_fixed_one(seed: int) -> None:
    """None of them may turn into the engine's word for chance."""
    assert 0 <= chat(seed=seed).sampling.seed < NO_SEED


@pytest.mark.parametrize("given", [{"5": -100, " the": 1.5, "7": False}, [[5, -100], [" the", 1.5], [7, False]]])
def test_biases_are_for_tokens_and_for_texts(given: Any) -> None:
    """As OpenAI's object or llama.cpp's list; false is never."""
    found = chat(logit_bias=given)
    assert found.sampling.logit_bias == ((5, -100.0), (7, float("-inf")))
    assert found.text_bias == ((" the", 1.5),)


@pytest.mark.parametrize(
    "given",
    [
        {"5": 101},
        {"5": "much"},
        {"5": True},
        {"": 1},
        [[5]],
        [5],
        [[-1, 1]],
        [[True, 1]],
        [[2**31, 1]],
        {str(n): 1 for n in range(5000)},
        "5",
    ],
)
def test_a_bias_that_makes_no_sense_is_refused(given: Any) -> None:
    """Before anything else sees it."""
    with pytest.raises(ValidationError):
        chat(logit_bias=given)


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 2.1},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"top_k": -2},
        {"typical_p": 1.1},
        {"xtc_probability": -0.1},
        {"dry_base": 0.5},
        {"mirostat": 3},
        {"repeat_last_n": -2},
        {"dry_sequence_breakers": ["x"] * 17},
        {"seed": 2**70},
    ],
)
def test_values_out_of_their_range_are_refused(fields: dict[str, Any]) -> None:
    """Each names its field."""
    with pytest.raises(ValidationError) as caught:
        chat(**fields)
    assert caught.value.errors()[0]["loc"][0] == next(iter(fields))
