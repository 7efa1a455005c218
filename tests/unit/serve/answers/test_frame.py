"""Tests of serve.answers.frame."""

from __future__ import annotations

from serve.answers.frame import timings, usage
from serve.answers.turns import Tally

TALLY = Tally(
    num_prompt_tokens=10,
    num_cached_tokens=4,
    num_generated_tokens=5,
    num_reasoning_tokens=2,
    began_s=1.0,
    first_s=1.5,
    last_s=3.5,
)


def test_usage_counts_tokens() -> None:
    """What was there already is a part of the prompt, thoughts are a part of the answer."""
    assert usage(TALLY) == {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }


def test_timings_are_llama_cpps() -> None:
    """Only what was computed counts for the pace of the prompt."""
    assert timings(TALLY) == {
        "cache_n": 4,
        "prompt_n": 6,
        "prompt_ms": 500.0,
        "prompt_per_token_ms": 83.333,
        "prompt_per_second": 12.0,
        "predicted_n": 5,
        "predicted_ms": 2000.0,
        "predicted_per_token_ms": 500.0,  # the first one came with the prompt
        "predicted_per_second": 2.0,
    }


def test_guesses_are_told_where_there_were_some() -> None:
    """As llama.cpp does."""
    found = timings(Tally(num_drafted_tokens=7, num_accepted_tokens=3))
    assert (found["draft_n"], found["draft_n_accepted"]) == (7, 3)


def test_no_time_is_no_pace() -> None:
    """Nothing is divided by nothing."""
    found = timings(Tally())
    assert found["prompt_per_second"] == found["predicted_per_token_ms"] == 0.0
