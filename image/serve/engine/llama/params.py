"""What a context is asked for: sizes, threads, and where rows of different sequences meet."""

from __future__ import annotations

from typing import Any

from serve.engine.llama.library import C
from serve.engine.types import LoadOptions

_UBATCH_TOKENS = 512


def context_params(options: LoadOptions, num_ids: int, max_outputs: int, *, copies: bool) -> Any:
    """llama.cpp's struct. `copies`: each sequence has cells of its own."""
    params = C.llama_context_default_params()
    params.n_ctx = options.num_slots * options.sequence_tokens
    params.n_batch = options.step_tokens
    params.n_ubatch = min(options.step_tokens, _UBATCH_TOKENS)
    params.n_seq_max = num_ids
    # Room for the logits of so many rows is made beforehand: for all rows of a step, hundreds of megabytes.
    params.n_outputs_max = max(max_outputs, num_ids)
    params.n_threads = params.n_threads_batch = options.num_threads
    params.kv_unified = not copies
    params.no_perf = True
    return params
