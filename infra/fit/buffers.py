"""Geometry -> the bytes of llama.cpp's compute and output buffers: scratch memory beside weights and cache. Pure.

llama.cpp lays out one graph for a full step and reuses memory within it, so the buffer is as large as the widest
place: either the logits at the end, for every token of the step, or the feed-forward block of a layer, while the
attention mask of all cells is still there. With n tokens in a step, E embedding, F feed-forward (times the experts in
use), V vocabulary, H x D heads, all of 4 bytes, and a mask of 2 bytes for each cell and each kind of layer:

    logits   n x 4 x (V + 2 E)
    layer    n x 4 x (4 E + max(3 F, 2 H D)) + n x 2 x cells x kinds

Without flash attention the scores of all heads are there at once, n x 4 x (4 E + 2 H D + H x cells), with masks of 4.

Compared with "compute buffer size" in the log of llama.cpp (llama-cpp-python 0.3.36, CPU) for headers of real geometry.
In MiB, n = 256, 4 x 2048 cells and 8 x 8192 cells, ours before the slack in brackets:

    Gemma 3 270M      257.25 (257.25)   257.25 (257.25)     Llama 3 8B       133.25 (133.25)   133.25 (133.25)
    Llama 3.2 3B      131.25 (131.25)   131.25 (131.25)     Llama 3 70B      141.25 (141.25)   148.01 (148.00)
    Mistral 7B v0.3    62.01  (62.00)    90.01  (90.00)     Qwen 2.5 32B     158.50 (158.50)   158.50 (158.50)
    Mixtral 8x7B      104.01 (104.00)   132.01 (132.00)     gpt-oss 20B      210.01 (202.00)   204.81 (202.00)

With n = 512 all double. Where it is off, it is by up to 4 %: free places between the masks that nothing else fits into.
The slack is for those. On a GPU the same graph is laid out there; the inputs and the masks lie on the host once more.
"""

from fractions import Fraction

from infra.catalog.types import Geometry
from infra.fit.cache import num_cells, window_cells
from infra.fit.engine import DEFAULT, Engine

SLACK = Fraction(1, 16)
FLOAT = 4
HALF = 2


def compute_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine = DEFAULT) -> int:
    """Where the layers are computed."""
    step = _step(num_slots, context_tokens, engine)
    mask = _mask_bytes(geometry, num_slots, context_tokens, engine)
    embedding, queries = geometry.num_embedding, 2 * geometry.num_heads * max(each.key_size for each in geometry.layers)
    logits = step * FLOAT * (geometry.num_vocabulary + 2 * embedding)
    feed_forward = 3 * geometry.num_feed_forward * max(geometry.num_used_experts, 1)
    layer = step * FLOAT * (4 * embedding + max(feed_forward, queries)) + mask
    if not engine.flash_attention:
        scores = geometry.num_heads * num_cells(num_slots, context_tokens)
        layer = max(layer, step * FLOAT * (4 * embedding + queries + scores) + mask * FLOAT // HALF)
    return _with_slack(max(logits, layer))


def input_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine = DEFAULT) -> int:
    """What the host keeps of a step that a GPU computes: its embeddings and masks, before they are copied."""
    step = _step(num_slots, context_tokens, engine)
    mask = _mask_bytes(geometry, num_slots, context_tokens, engine)
    return _with_slack(step * FLOAT * 2 * geometry.num_embedding + 2 * mask)


def output_bytes(geometry: Geometry, num_slots: int) -> int:
    """The logits that samplers read, one row for each slot: always on the host."""
    return num_slots * FLOAT * geometry.num_vocabulary


def _step(num_slots: int, context_tokens: int, engine: Engine) -> int:
    return min(engine.step_tokens, num_cells(num_slots, context_tokens))


def _mask_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine) -> int:
    """One mask for all layers that see everything, one for those with a window; 0 for a recurrent model."""
    cells = num_cells(num_slots, context_tokens)
    kinds = {each.window_tokens for each in geometry.layers if each.num_kv_heads}
    seen = sum(window_cells(window, cells, num_slots, engine) if window else cells for window in kinds)
    return _step(num_slots, context_tokens, engine) * HALF * seen


def _with_slack(num_bytes: int) -> int:
    return num_bytes + int(num_bytes * SLACK)
