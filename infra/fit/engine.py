"""How the serving image asks llama.cpp for memory: what the proof must know of it. Plain values."""

from dataclasses import dataclass

from infra.catalog.types import Geometry
from infra.units import round_up

CELL_PADDING = 256
"""llama.cpp rounds the cells of a cache up to this."""
MAX_KEPT, MAX_KEPT_STATES = 16, 4
MAX_IDS = 256
LEAST_OUTPUTS = 64


@dataclass(frozen=True, slots=True)
class Engine:
    """As image/serve/engine/llama sets its context, and llama.cpp's own defaults for the rest.

    step_tokens             most tokens in one step, n_ubatch: serve.settings.step_tokens
    cache_element_bytes     of a key or value in the cache: f16
    flash_attention         on wherever the kernel knows it, which is everywhere that we serve
    whole_windows           layers with a sliding window keep the whole context, too (swa_full), for beginnings to be
                            shared in them; else they keep their window and one step
    """

    step_tokens: int = 512
    cache_element_bytes: int = 2
    flash_attention: bool = True
    whole_windows: bool = True


DEFAULT = Engine()


@dataclass(frozen=True, slots=True)
class Room:
    """How a cache is laid out: so many streams, each of so many cells, for so many sequences that run or are kept."""

    num_streams: int
    num_cells: int
    num_ids: int


def room(geometry: Geometry, num_slots: int, context_tokens: int) -> Room:
    """Each slot has cells of its own; with states, or alone, all share one cache, and some sequences more are kept."""
    has_states = any(each.state_bytes for each in geometry.layers)
    if num_slots > 1 and not has_states:
        return Room(num_slots, round_up(context_tokens, CELL_PADDING), num_slots)
    kept = min(num_slots, MAX_KEPT_STATES if has_states else MAX_KEPT)
    ids = min(num_slots + kept, max(num_slots, MAX_IDS))
    return Room(1, round_up(num_slots * context_tokens, CELL_PADDING), ids)


def num_outputs(num_slots: int, engine: Engine = DEFAULT) -> int:
    """For how many tokens of a step there may be logits: the last one of each text, and some to check drafts by."""
    return min(engine.step_tokens, max(LEAST_OUTPUTS, 2 * num_slots))
