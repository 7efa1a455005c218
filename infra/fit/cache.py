"""Geometry, slots and context -> the bytes of the KV cache, exactly as llama.cpp allocates them. Pure.

llama-kv-cache.cpp: every layer keeps a key and a value for each cell, and there are slots x context cells, rounded up
to 256. llama-kv-cache-iswa.cpp: a layer with a sliding window keeps the window of each slot and one step, rounded up to
256, unless it was asked for whole windows. llama-memory-recurrent.cpp: a recurrent layer keeps its state for each slot.

Measured with llama.cpp of llama-cpp-python 0.3.36 on Gemma 3 270M (15 layers of window 512, 3 whole; 1 x 256 + 256):
4 slots x 2048 tokens are 24 MiB + 120 MiB with whole windows, 24 MiB + 33.75 MiB without; 8 x 4096 are 96 + 480 MiB.
"""

from infra.catalog.types import Geometry, Layers
from infra.fit.engine import CELL_PADDING, DEFAULT, Engine
from infra.units import round_up


def cache_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine = DEFAULT) -> int:
    """Of all layers; they lie on the GPU where there is one."""
    cells = num_cells(num_slots, context_tokens)
    return sum(_of(each, cells, num_slots, engine) for each in geometry.layers)


def num_cells(num_slots: int, context_tokens: int) -> int:
    """Room for so many tokens of all conversations together."""
    return round_up(num_slots * context_tokens, CELL_PADDING)


def window_cells(window_tokens: int, cells: int, num_slots: int, engine: Engine = DEFAULT) -> int:
    """How many cells a layer with a window has."""
    if engine.whole_windows:
        return cells
    return round_up(min(cells, window_tokens * num_slots + engine.step_tokens), CELL_PADDING)


def _of(layers: Layers, cells: int, num_slots: int, engine: Engine) -> int:
    kept = window_cells(layers.window_tokens, cells, num_slots, engine) if layers.window_tokens else cells
    elements = layers.num_kv_heads * (layers.key_size + layers.value_size) * kept
    return layers.count * (elements * engine.cache_element_bytes + layers.state_bytes * num_slots)
