"""What each layer of a model keeps for a conversation: heads, a window, a state. The rules of llama.cpp's models/*.cpp.

An architecture that is not named here is taken to see its whole context in every layer: that is right for most, and for
others more memory than they need, never less.
"""

from collections.abc import Iterator
from typing import Final

from infra.gguf.metadata import Metadata

Part = tuple[int, int, int, int, int]
"""KV heads, size of a key and of a value, window in tokens, bytes of state."""

PERIODS: Final = {
    "afmoe": (4, False),
    "cohere2": (4, False),
    "cohere2moe": (4, True),
    "exaone-moe": (4, False),
    "exaone4": (4, False),
    "gemma-embedding": (6, False),
    "gemma2": (2, False),
    "gemma3": (6, False),
    "gemma3n": (5, False),
    "gemma4": (6, False),
    "gpt-oss": (2, False),
    "laguna": (4, True),
    "llama4": (4, False),
    "mellum": (4, False),
    "muse-glimmer": (4, False),
    "olmo2": (4, False),
    "plamo3": (8, False),
    "smallthinker": (4, True),
}
"""Architectures with windows: one layer in so many sees everything, the last one or (True) the first."""
WINDOWS: Final = {"gemma2": 4096, "exaone4": 4096, "exaone-moe": 128, "llama4": 8192}
"""Where the file need not say it."""
FIXED_WINDOWS: Final = {"llama4": 8192, "smallthinker": 4096}
"""Whatever the file says, unless that is 0."""
RECURRENT: Final = frozenset({"mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7", "arwkv7"})
BOTH: Final = frozenset({"falcon-h1"})
"""Attention and a state in every layer."""
INTERVALS: Final = frozenset({"qwen3next", "qwen35", "qwen35moe", "qwen4exp", "minimax-01"})
"""A state in all layers but one in `full_attention_interval`."""
OWN_CACHES: Final = {"gemma3n": 20}
"""So many layers from the first keep a cache, and the others use it."""
STATE_ELEMENT_BYTES: Final = 4


def each_layer(of: Metadata) -> Iterator[Part]:
    """In their order."""
    heads = of.by_layer("attention.head_count_kv", of.most("attention.head_count"))
    windows, states = tuple(_windows(of)), tuple(_states(of, heads))
    own = OWN_CACHES.get(of.architecture, of.num_layers - of.whole("attention.shared_kv_layers", 0))
    for index in range(of.num_layers):
        has_cache = index < own and heads[index] and not (states[index] and of.architecture not in BOTH)
        if not has_cache or of.architecture in RECURRENT:
            yield 0, 0, 0, 0, states[index]
            continue
        key_size, value_size = _head(of, in_window=bool(windows[index]))
        yield heads[index], key_size, value_size, windows[index], states[index]


def _head(of: Metadata, *, in_window: bool) -> tuple[int, int]:
    """Latent attention (MLA) keeps one key for all heads, and finds the values in it."""
    even = of.whole("embedding_length") // max(of.most("attention.head_count"), 1)
    key_size = of.whole("attention.key_length", even)
    value_size = of.whole("attention.value_length", even)
    if in_window:
        key_size = of.whole("attention.key_length_swa", key_size)
        value_size = of.whole("attention.value_length_swa", value_size)
    return key_size, 0 if of.has("attention.key_length_mla") else value_size


def _windows(of: Metadata) -> Iterator[int]:
    """Tokens that each layer sees; 0 for all."""
    name = of.architecture
    window = of.whole("attention.sliding_window", WINDOWS.get(name, 0))
    if window:
        window = FIXED_WINDOWS.get(name, window)
    if name not in PERIODS or (name == "exaone4" and of.num_layers != 64):
        window = 0
    flags = of.flags("attention.sliding_window_pattern")
    period, first = PERIODS.get(name, (1, False))
    if flags is None:
        period = of.whole("attention.sliding_window_pattern", period)
    for index in range(of.num_layers):
        in_window = flags[index] if flags else _is_in_window(index, period, whole_first=first)
        yield window if in_window else 0


def _is_in_window(index: int, period: int, *, whole_first: bool) -> bool:
    if period == 0:
        return True
    return index % period != 0 if whole_first else index % period < period - 1


def _states(of: Metadata, heads: tuple[int, ...]) -> Iterator[int]:
    """Bytes for each slot; 0 for a layer without a state."""
    per_layer = STATE_ELEMENT_BYTES * (_convolution(of) + _state(of))
    named = of.flags("attention.recurrent_layers")
    interval = of.whole("full_attention_interval", 4) or 1
    for index in range(of.num_layers):
        if of.architecture in RECURRENT | BOTH:
            is_recurrent = True
        elif of.architecture in INTERVALS:
            is_recurrent = named[index] if named else (index + 1) % interval != 0
        else:
            is_recurrent = heads[index] == 0
        yield per_layer if is_recurrent else 0


def _convolution(of: Metadata) -> int:
    """Elements of what llama.cpp calls r."""
    embedding = of.whole("embedding_length")
    if of.has("wkv.head_size"):
        return of.whole("token_shift_count", 2) * embedding
    if of.has("shortconv.l_cache"):
        return embedding * max(of.whole("shortconv.l_cache") - 1, 0)
    kernel = max(of.whole("ssm.conv_kernel", 1) - 1, 0)
    if of.has("kda.head_dim"):
        return 3 * kernel * of.most("attention.head_count") * of.whole("kda.head_dim")
    inner, groups, size = (of.whole(f"ssm.{key}", 0) for key in ("inner_size", "group_count", "state_size"))
    return kernel * (inner + 2 * groups * size)


def _state(of: Metadata) -> int:
    """Elements of what llama.cpp calls s."""
    if of.has("wkv.head_size"):
        return of.whole("embedding_length") * of.whole("wkv.head_size")
    if of.has("kda.head_dim"):
        return of.whole("kda.head_dim") ** 2 * of.most("attention.head_count")
    return of.whole("ssm.state_size", 0) * of.whole("ssm.inner_size", 0)
