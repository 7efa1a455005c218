"""The KV cache, against what llama.cpp has logged and against its rules."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalog.types import Layers
from infra.fit.cache import cache_bytes, kept_cells
from infra.fit.engine import Engine, Room, room
from infra.units import MI
from tests.unit.infra.fit.samples import GEMMA, GPT_OSS, LLAMA_70B, QWEN_32B, contexts, recurrent, sizes, slots

WINDOWS_ONLY = Engine(step_tokens=256, whole_windows=False)


@pytest.mark.parametrize(
    ("num_slots", "context_tokens", "engine", "mebibytes"),
    [
        (4, 2048, Engine(), 24 + 120),
        (1, 2048, Engine(), 6 + 30),
        (8, 4096, Engine(), 96 + 480),
        (4, 2048, WINDOWS_ONLY, 24 + 45),
        (4, 1984, Engine(), 24 + 120),
    ],
)
def test_gemma_takes_what_llama_cpp_has_logged(
    num_slots: int, context_tokens: int, engine: Engine, mebibytes: float
) -> None:
    """Its "KV buffer size", of the layers that see everything and of those with a window."""
    assert cache_bytes(GEMMA.geometry, num_slots, context_tokens, engine) == mebibytes * MI


def test_the_large_models_take_what_their_heads_say() -> None:
    """70B: 80 layers x 8 heads x (128 + 128) x 2 bytes = 320 KiB a token; 32B: 256 KiB; gpt-oss: 48 KiB."""
    of = {"70b": LLAMA_70B, "32b": QWEN_32B, "oss": GPT_OSS}
    found = {name: cache_bytes(size.geometry, 4, 8192) // 32768 for name, size in of.items()}
    assert found == {"70b": 320 * 1024, "32b": 256 * 1024, "oss": 48 * 1024}


def test_a_window_saves_nothing_in_a_short_context() -> None:
    """It never takes more cells than there are tokens; else the window and a step, rounded up."""
    window, whole = GEMMA.geometry.layers
    assert kept_cells(window, room(GEMMA.geometry, 4, 512), WINDOWS_ONLY) == 512
    assert kept_cells(window, room(GEMMA.geometry, 4, 8192), WINDOWS_ONLY) == 512 + 256
    assert kept_cells(whole, room(GEMMA.geometry, 4, 8192), WINDOWS_ONLY) == 8192
    assert kept_cells(window, room(GEMMA.geometry, 1, 8192), WINDOWS_ONLY) == 512 * 2 + 256


def test_a_recurrent_model_takes_the_same_for_any_context() -> None:
    """A state for each slot, and up to four more that the engine keeps for beginnings that come again."""
    mamba = recurrent(24, 3 * MI)
    assert cache_bytes(mamba, 2, 256) == cache_bytes(mamba, 2, 131072) == 24 * 3 * MI * (2 + 2)
    assert cache_bytes(mamba, 9, 256) == 24 * 3 * MI * (9 + 4)


def test_a_model_with_states_and_heads_has_one_cache_for_all_slots() -> None:
    """3 x 300 tokens are rounded up together: 1024 cells, for 3 that run and 3 that are kept.

    Others, those with windows, too, round up for each slot: 3 x 512.
    """
    both = replace(GEMMA.geometry, layers=(*GEMMA.geometry.layers, Layers(1, state_bytes=MI)))
    assert room(both, 3, 300) == Room(1, 1024, 6)
    assert room(GEMMA.geometry, 3, 300) == Room(3, 512, 3)
    assert room(LLAMA_70B.geometry, 3, 300) == Room(3, 512, 3)
    assert room(LLAMA_70B.geometry, 1, 300) == Room(1, 512, 2)
    assert room(both, 250, 300).num_ids == 254
    assert room(both, 254, 300).num_ids == 256


def test_a_cache_of_other_elements_takes_its_share() -> None:
    """Half of f16 with eight bits."""
    assert 2 * cache_bytes(GEMMA.geometry, 4, 2048, Engine(cache_element_bytes=1)) == 144 * MI


@given(sizes, slots, contexts, st.booleans())
def test_more_slots_and_longer_contexts_never_take_less(size: object, num: int, tokens: int, whole: bool) -> None:
    """Monotone, which the search for the nearest fit relies on; and cells are rounded up, never down."""
    engine, of = Engine(whole_windows=whole), size.geometry  # type: ignore[attr-defined]
    one = cache_bytes(of, num, tokens, engine)
    assert one <= cache_bytes(of, num + 1, tokens, engine)
    assert one <= cache_bytes(of, num, tokens + 1, engine)
    there = room(of, num, tokens)
    assert num * tokens <= there.num_streams * there.num_cells < num * (tokens + 256)


@given(sizes, slots, contexts)
def test_windows_alone_never_take_more_than_whole_ones(size: object, num: int, tokens: int) -> None:
    """They are there to save memory."""
    of = size.geometry  # type: ignore[attr-defined]
    assert cache_bytes(of, num, tokens, WINDOWS_ONLY) <= cache_bytes(of, num, tokens)
