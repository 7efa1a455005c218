"""Tests of serve.wire.ollama.options."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from serve.engine.types import NO_SEED
from serve.wire.ollama.options import FOREVER_S, KeepAlive, Options
from tests.unit.serve.wire.ollama.bodies import ollama_chat

_KEEP_ALIVE: TypeAdapter[float | None] = TypeAdapter(KeepAlive)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        (0, 0),
        ("0", 0),
        ("0s", 0),
        (90, 90),
        (1.5, 1.5),
        ("5m", 300),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("300ms", 0.3),
        ("+2s", 2),
        ("24", 24),
        (-1, FOREVER_S),
        ("-1m", FOREVER_S),
        ("-1", FOREVER_S),
        (1e30, FOREVER_S),
        ("9999999h", FOREVER_S),
    ],
)
def test_how_long_a_model_stays_is_a_number_or_go_s_duration(said: Any, seconds: float | None) -> None:
    """Seconds; less than none, and more than Go can count, is for ever."""
    assert _KEEP_ALIVE.validate_python(said) == pytest.approx(seconds)


@pytest.mark.parametrize("said", ["", "soon", "5 m", "m", "5x", True, [5], {}, "1m?", "--1", "nan", "inf", math.nan])
def test_other_durations_are_refused(said: Any) -> None:
    """With what is allowed."""
    with pytest.raises(ValidationError, match="a number of seconds or a duration such as '5m' is allowed"):
        _KEEP_ALIVE.validate_python(said)


@given(st.text(alphabet="0123456789.-+nusmhµ", max_size=12))
def test_any_text_is_a_duration_or_refused(said: str) -> None:
    """And never anything below none but for ever."""
    try:
        seconds = _KEEP_ALIVE.validate_python(said)
    except ValidationError:
        return
    assert seconds is not None
    assert seconds >= 0 or seconds == FOREVER_S


def test_options_of_a_request_reach_the_engine() -> None:
    """Under the engine's names."""
    options = {
        "num_predict": 7,
        "temperature": 0.5,
        "top_k": 3,
        "top_p": 0.25,
        "min_p": 0.125,
        "typical_p": 0.75,
        "repeat_penalty": 1.5,
        "repeat_last_n": -1,
        "presence_penalty": 1.0,
        "frequency_penalty": -1.0,
        "mirostat": 2,
        "mirostat_tau": 4.0,
        "mirostat_eta": 0.5,
        "seed": 42,
        "stop": ["a", "b"],
    }
    made = ollama_chat(options=options)
    sampling = made.sampling
    assert (made.max_tokens, made.stop) == (7, ("a", "b", "\n"))
    assert (sampling.temperature, sampling.top_k, sampling.top_p, sampling.min_p) == (0.5, 3, 0.25, 0.125)
    assert (sampling.typical_p, sampling.repeat_penalty, sampling.penalty_window_tokens) == (0.75, 1.5, -1)
    assert (sampling.presence_penalty, sampling.frequency_penalty) == (1.0, -1.0)
    assert (sampling.mirostat, sampling.mirostat_tau, sampling.mirostat_eta) == (2, 4.0, 0.5)
    assert sampling.seed == 42


@pytest.mark.parametrize("num", [0, -1, -2])
def test_no_number_of_tokens_is_as_many_as_fit(num: int) -> None:
    """As Ollama's own default of -1."""
    assert ollama_chat(options={"num_predict": num}).max_tokens is None


def test_a_seed_below_zero_is_chance() -> None:
    """As where none is said."""
    assert ollama_chat(options={"seed": -1}).sampling.seed == NO_SEED


def test_options_that_are_set_when_a_model_loads_are_ignored() -> None:
    """Also those that nobody knows, and those without a value."""
    given_ = {"num_ctx": 10**9, "num_gpu": 1, "num_keep": 5, "use_mmap": True, "tfs_z": 1, "x": "y", "top_k": None}
    assert ollama_chat(options=given_) == ollama_chat()
    assert ollama_chat(options=None) == ollama_chat()


@pytest.mark.parametrize(
    "options",
    [{"temperature": -1}, {"temperature": "hot"}, {"top_p": 2}, {"stop": [1]}, {"num_predict": 1.5}, {"mirostat": 3}],
)
def test_a_wrong_option_is_refused_by_its_name(options: dict[str, Any]) -> None:
    """Where it is in the body."""
    with pytest.raises(ValidationError) as caught:
        ollama_chat(options=options)
    assert caught.value.errors()[0]["loc"][:2] == ("options", next(iter(options)))


def test_a_stop_string_may_stand_alone() -> None:
    """Some clients send it so."""
    assert Options(stop="x").fields() == {"stop": "x"}
