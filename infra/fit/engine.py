"""How the serving image asks llama.cpp for memory: what the proof must know of it. Plain values."""

from dataclasses import dataclass

CELL_PADDING = 256
"""llama.cpp rounds the cells of a cache up to this."""


@dataclass(frozen=True, slots=True)
class Engine:
    """As image/serve sets its context, and llama.cpp's own defaults for the rest.

    step_tokens             most tokens in one step, n_ubatch: serve.settings.step_tokens
    cache_element_bytes     of a key or value in the cache: f16
    flash_attention         on wherever the kernel knows it, which is everywhere that we serve
    whole_windows           layers with a sliding window keep the whole context, too (swa_full), for prefixes to be
                            reused in them; else they keep their window for each slot and one step
    all slots share one cache (kv_unified), so that one slot may use what another leaves.
    """

    step_tokens: int = 256
    cache_element_bytes: int = 2
    flash_attention: bool = True
    whole_windows: bool = True


DEFAULT = Engine()
