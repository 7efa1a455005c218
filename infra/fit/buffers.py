"""Geometry -> the bytes of llama.cpp's compute and output buffers: scratch memory beside weights and cache. Pure.

llama.cpp lays out one graph for a full step and reuses memory within it, so the buffer is as large as the widest
place: either the logits at the end or the feed-forward block of a layer, while the attention masks are still there.
With n tokens in a step of which o have logits, E embedding, F feed-forward (times the experts in use), V vocabulary, H
heads of D, all of 4 bytes, and a mask of 2 bytes for each cell that a token may see and each kind of layer:

    logits   4 x (o x V + n x 2 E) + n x 2 x cells x kinds
    layer    n x 4 x (4 E + max(3 F, 2 H D)) + n x 2 x cells x kinds

Without flash attention the scores of all heads are there at once, n x 4 x (4 E + 2 H D + H x cells), with masks of 4.

Compared with "compute buffer size" in the log of llama.cpp (llama-cpp-python 0.3.36, CPU) for headers of real geometry,
n = 256, o = 64. In MiB, for 4 slots x 2048 and 8 x 8192 tokens, ours before the slack in brackets:

    Gemma 3 270M       65.56  (67.25)    65.56  (73.25)     Llama 3 8B        59.01  (59.00)    62.01  (62.00)
    Llama 3.2 3B       37.01  (38.31)    40.01  (41.31)     Llama 3 70B      117.01 (117.00)   120.01 (120.00)
    Mistral 7B v0.3    59.01  (59.00)    62.01  (62.00)     Qwen 2.5 32B     102.01 (102.00)   105.01 (105.00)
    Mixtral 8x7B      101.01 (101.00)   104.01 (104.00)     gpt-oss 20B       56.73  (56.72)    62.73  (62.72)

The logits of some fit into the place of the masks, which is not counted on. The slack is for what is not seen here.
On a GPU the same graph is laid out there; the inputs and the masks lie on the host once more.
"""

from fractions import Fraction

from infra.catalog.types import Geometry
from infra.fit.cache import kept_cells
from infra.fit.engine import DEFAULT, Engine, num_outputs, room

SLACK = Fraction(1, 16)
FLOAT = 4
HALF = 2


def compute_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine = DEFAULT) -> int:
    """Where the layers are computed."""
    step = engine.step_tokens
    mask = _mask_bytes(geometry, num_slots, context_tokens, engine)
    embedding, queries = geometry.num_embedding, 2 * geometry.num_heads * max(each.key_size for each in geometry.layers)
    logits = FLOAT * (num_outputs(num_slots, engine) * geometry.num_vocabulary + step * 2 * embedding) + mask
    feed_forward = 3 * geometry.num_feed_forward * max(geometry.num_used_experts, 1)
    layer = step * FLOAT * (4 * embedding + max(feed_forward, queries)) + mask
    if not engine.flash_attention:
        scores = geometry.num_heads * room(geometry, num_slots, context_tokens).num_cells
        layer = max(layer, step * FLOAT * (4 * embedding + queries + scores) + mask * FLOAT // HALF)
    return _with_slack(max(logits, layer))


def input_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine = DEFAULT) -> int:
    """What the host keeps of a step that a GPU computes: its embeddings and masks, before they are copied."""
    mask = _mask_bytes(geometry, num_slots, context_tokens, engine)
    return _with_slack(engine.step_tokens * FLOAT * 2 * geometry.num_embedding + 2 * mask)


def output_bytes(geometry: Geometry, num_slots: int, engine: Engine = DEFAULT) -> int:
    """The logits that samplers read, a row for each token that has them: always on the host."""
    return num_outputs(num_slots, engine) * FLOAT * geometry.num_vocabulary


def _mask_bytes(geometry: Geometry, num_slots: int, context_tokens: int, engine: Engine) -> int:
    """One mask for all layers that see everything, one for those with a window; 0 for a recurrent model."""
    there = room(geometry, num_slots, context_tokens)
    kinds = {each.window_tokens: each for each in geometry.layers if each.num_kv_heads}
    return engine.step_tokens * HALF * sum(kept_cells(each, there, engine) for each in kinds.values())


def _with_slack(num_bytes: int) -> int:
    return num_bytes + int(num_bytes * SLACK)
