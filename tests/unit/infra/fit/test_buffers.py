"""The compute buffer, against what llama.cpp has logged for real geometries."""

from dataclasses import replace

import pytest
from hypothesis import given

from infra.catalog.types import Size
from infra.fit.buffers import SLACK, compute_bytes, input_bytes, output_bytes
from infra.fit.engine import Engine
from infra.units import MI
from tests.unit.infra.fit.samples import SIZES, contexts, sizes, slots

SHORT = Engine(step_tokens=256)
LOGGED = {
    "gemma-3-270m.full": (65.56, 65.56),
    "llama-3-70b.full": (117.01, 120.01),
    "llama-3-70b.small": (59.01, 62.01),
    "qwen2-5-32b.full": (102.01, 105.01),
    "qwen2-5-32b.small": (70.51, 73.51),
    "legal.full": (59.01, 62.01),
    "summary.full": (37.01, 40.01),
    "gpt-oss.full": (56.73, 62.73),
}
"""MiB with 256 tokens a step, of which 64 have logits, for 4 slots of 2048 tokens and 8 of 8192."""

WITHOUT_FLASH_ATTENTION = {
    "llama-3-70b.full": 562.0,
    "llama-3-70b.small": 286.0,
    "qwen2-5-32b.full": 355.0,
    "qwen2-5-32b.small": 250.5,
    "summary.full": 217.0,
}
"""MiB for 8 slots of 8192 tokens."""


@pytest.mark.parametrize("name", LOGGED)
def test_the_buffer_holds_what_llama_cpp_takes_and_little_more(name: str) -> None:
    """Never less; at most a tenth more, and what masks take."""
    for logged, (num, tokens) in zip(LOGGED[name], ((4, 2048), (8, 8192)), strict=True):
        found = compute_bytes(SIZES[name].geometry, num, tokens, SHORT) / MI
        masks = num * tokens * 2 * SHORT.step_tokens * 2 / MI
        assert logged <= found <= logged * 1.1 + masks


@given(sizes, slots, contexts)
def test_a_step_of_twice_the_tokens_takes_up_to_twice_as_much(size: Size, num: int, tokens: int) -> None:
    """The layers do, the logits of the few tokens that have them do not."""
    one, two = (compute_bytes(size.geometry, num, tokens, Engine(step_tokens=step)) for step in (256, 512))
    assert one < two <= 2 * one + 2


@pytest.mark.parametrize("name", WITHOUT_FLASH_ATTENTION)
def test_without_flash_attention_the_scores_of_all_heads_are_there_at_once(name: str) -> None:
    """Gigabytes where the context is long."""
    found = compute_bytes(SIZES[name].geometry, 8, 8192, Engine(step_tokens=256, flash_attention=False)) / MI
    assert WITHOUT_FLASH_ATTENTION[name] <= found <= WITHOUT_FLASH_ATTENTION[name] * (1 + float(SLACK) + 0.015)


def test_a_mixture_of_experts_computes_those_in_use() -> None:
    """Mixtral 8x7B: 101.01 MiB by the log, of which one expert would explain 59."""
    mistral = SIZES["legal.full"].geometry
    mixtral = replace(mistral, num_vocabulary=32000, num_experts=8, num_used_experts=2)
    assert 101.01 <= compute_bytes(mixtral, 4, 2048, SHORT) / MI <= 101.01 * 1.07


def test_samplers_read_a_row_for_each_token_that_has_logits() -> None:
    """64 at least, two for each slot, never more than a step has."""
    of = SIZES["gemma-3-270m.full"].geometry
    assert [output_bytes(of, num) // MI for num in (4, 32, 33, 256)] == [64, 64, 66, 512]


@given(sizes, slots, contexts)
def test_longer_contexts_never_take_less(size: Size, num: int, tokens: int) -> None:
    """Monotone, on the GPU and in what the host keeps of a step."""
    for of in (compute_bytes, input_bytes):
        assert of(size.geometry, num, tokens) <= of(size.geometry, num, tokens + 256)
