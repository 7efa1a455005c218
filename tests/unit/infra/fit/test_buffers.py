"""The compute buffer, against what llama.cpp has logged for real geometries."""

from dataclasses import replace

import pytest
from hypothesis import given

from infra.catalog.types import Size
from infra.fit.buffers import SLACK, compute_bytes, input_bytes, output_bytes
from infra.fit.engine import Engine
from infra.units import MI
from tests.unit.infra.fit.samples import SIZES, contexts, sizes, slots

LOGGED = {
    "gemma-3-270m.full": (257.25, 257.25),
    "llama-3-70b.full": (141.25, 148.01),
    "llama-3-70b.small": (133.25, 133.25),
    "qwen2-5-32b.full": (158.50, 158.50),
    "qwen2-5-32b.small": (155.50, 155.50),
    "legal.full": (62.01, 90.01),
    "summary.full": (131.25, 131.25),
    "gpt-oss.full": (210.01, 204.81),
}
"""MiB with 256 tokens a step, for 4 x 2048 and 8 x 8192 tokens of context."""

WITHOUT_FLASH_ATTENTION = {
    "llama-3-70b.full": 4202.0,
    "llama-3-70b.small": 2134.0,
    "qwen2-5-32b.full": 2651.0,
    "qwen2-5-32b.small": 1874.5,
    "summary.full": 1617.0,
    "gpt-oss.full": 4242.44,
}
"""MiB for 8 x 8192 tokens."""


@pytest.mark.parametrize("name", LOGGED)
def test_the_buffer_holds_what_llama_cpp_takes_and_little_more(name: str) -> None:
    """Never less, and at most a twelfth more."""
    for logged, (num, tokens) in zip(LOGGED[name], ((4, 2048), (8, 8192)), strict=True):
        found = compute_bytes(SIZES[name].geometry, num, tokens) / MI
        assert logged <= found <= logged * 1.085


@pytest.mark.parametrize("name", LOGGED)
def test_a_step_of_twice_the_tokens_takes_twice_as_much(name: str) -> None:
    """As llama.cpp has logged, too."""
    of = SIZES[name].geometry
    assert compute_bytes(of, 4, 2048, Engine(step_tokens=512)) == pytest.approx(2 * compute_bytes(of, 4, 2048), abs=2)


@pytest.mark.parametrize("name", WITHOUT_FLASH_ATTENTION)
def test_without_flash_attention_the_scores_of_all_heads_are_there_at_once(name: str) -> None:
    """Gigabytes where the context is long."""
    found = compute_bytes(SIZES[name].geometry, 8, 8192, Engine(flash_attention=False)) / MI
    assert WITHOUT_FLASH_ATTENTION[name] <= found <= WITHOUT_FLASH_ATTENTION[name] * (1 + float(SLACK) + 0.005)


def test_a_mixture_of_experts_computes_those_in_use() -> None:
    """Mixtral 8x7B: 104.01 MiB by the log, which the vocabulary alone would not explain."""
    mistral = SIZES["legal.full"].geometry
    mixtral = replace(mistral, num_vocabulary=32000, num_experts=8, num_used_experts=2)
    assert 104.01 <= compute_bytes(mixtral, 4, 2048) / MI <= 104.01 * 1.07


def test_samplers_read_one_row_for_each_slot() -> None:
    """Gemma's log: 4.00 MiB of output buffer for 4 slots, 8.00 for 8."""
    of = SIZES["gemma-3-270m.full"].geometry
    assert (output_bytes(of, 4), output_bytes(of, 8)) == (4 * MI, 8 * MI)


@given(sizes, slots, contexts)
def test_longer_contexts_never_take_less(size: Size, num: int, tokens: int) -> None:
    """Monotone, on the GPU and in what the host keeps of a step."""
    for of in (compute_bytes, input_bytes):
        assert of(size.geometry, num, tokens) <= of(size.geometry, num, tokens + 256)
