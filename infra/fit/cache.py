"""Geometry, slots and context -> the bytes of the KV cache, exactly as llama.cpp allocates them. Pure.

llama-kv-cache.cpp: every layer keeps a key and a value for each cell; each slot has as many cells as its context,
rounded up to 256. llama-kv-cache-iswa.cpp: a layer with a sliding window keeps the window of each sequence and a step,
rounded up to 256, unless it was asked for whole windows. llama-memory-recurrent.cpp: a recurrent layer keeps states.

Measured with llama.cpp of llama-cpp-python 0.3.36 on Gemma 3 270M (15 layers of window 512, 3 whole; 1 x 256 + 256):
4 slots x 2048 tokens are 24 MiB + 120 MiB with whole windows; 8 x 4096 are 96 + 480 MiB; with the windows alone, and
256 tokens a step, 24 + 45 MiB for 4 slots x 2048.
"""

from infra.catalog.types import Geometry, Layers
from infra.fit.engine import CELL_PADDING, DEFAULT, Engine, Room, room
from infra.units import round_up


def cache_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine = DEFAULT) -> int:
    """Of all layers; they lie on the GPU where there is one."""
    there = room(geometry, num_slots, context_tokens)
    return sum(_of(each, there, engine) for each in geometry.layers)


def kept_cells(layers: Layers, there: Room, engine: Engine = DEFAULT) -> int:
    """How many cells of a stream such a layer keeps."""
    if engine.whole_windows or not layers.window_tokens:
        return there.num_cells
    windows = layers.window_tokens * (there.num_ids if there.num_streams == 1 else 1)
    return round_up(min(there.num_cells, windows + engine.step_tokens), CELL_PADDING)


def _of(layers: Layers, there: Room, engine: Engine) -> int:
    elements = layers.num_kv_heads * (layers.key_size + layers.value_size)
    cells = there.num_streams * kept_cells(layers, there, engine)
    return layers.count * (elements * cells * engine.cache_element_bytes + layers.state_bytes * there.num_ids)
