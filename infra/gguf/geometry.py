"""A GGUF header -> the Geometry of its model, by the rules of llama.cpp (llama-model.cpp and models/*.cpp)."""

from collections import Counter

from infra.catalog.types import Geometry, Layers
from infra.gguf import layers
from infra.gguf.metadata import Metadata
from infra.gguf.types import FILE_TYPES, GgufError, Header, Tensor

INPUTS = ("token_embd.weight", "per_layer_token_embd.weight")
"""Tensors of the input, which stay on the host. The first one is the output, too, where there is no other."""
OUTPUT = "output.weight"


def geometry_of(header: Header) -> Geometry:
    """GgufError where it is no language model, or is one part of several."""
    of = Metadata(header)
    if of.whole("split.count", 1) > 1:
        raise GgufError(f"it is one of {of.whole('split.count', 1)} parts; allowed: a file that is whole")
    tensors = {tensor.name: tensor for tensor in header.tensors}
    if INPUTS[0] not in tensors:
        raise GgufError(f"it has no tensor {INPUTS[0]!r}, so it is no language model")
    num_used, num_experts = of.most("expert_used_count"), of.whole("expert_count", 0)
    return Geometry(
        architecture=of.architecture,
        quantisation=_quantisation(header),
        num_parameters=sum(tensor.num_elements for tensor in header.tensors),
        layers=_grouped(of),
        num_heads=of.most("attention.head_count"),
        num_embedding=of.whole("embedding_length"),
        num_feed_forward=_feed_forward(of, num_used),
        num_vocabulary=_vocabulary(of, tensors[INPUTS[0]]),
        trained_context_tokens=of.whole("context_length"),
        embedding_bytes=sum(tensors[name].num_bytes for name in INPUTS if name in tensors),
        is_tied=OUTPUT not in tensors,
        num_experts=num_experts,
        num_used_experts=num_used if num_experts else 0,
    )


def weights_by_device(header: Header) -> tuple[int, int]:
    """Bytes on the host and on the GPU when all layers are on it. A tied embedding is on both."""
    tensors = {tensor.name: tensor.num_bytes for tensor in header.tensors}
    host = sum(tensors.get(name, 0) for name in INPUTS)
    tied = 0 if OUTPUT in tensors else tensors.get(INPUTS[0], 0)
    return host, sum(tensors.values()) - host + tied


def _grouped(of: Metadata) -> tuple[Layers, ...]:
    counted = Counter(layers.each_layer(of))
    return tuple(Layers(count, *parts) for parts, count in counted.items())


def _feed_forward(of: Metadata, num_used: int) -> int:
    """For each expert in use; of a mixture with some dense layers, the wider of both."""
    dense, expert = of.most("feed_forward_length"), of.most("expert_feed_forward_length")
    if not expert or not num_used:
        return dense
    return max(expert, -(-dense // num_used) if of.has("leading_dense_block_count") else 0)


def _vocabulary(of: Metadata, embedding: Tensor) -> int:
    return of.length("tokenizer.ggml.tokens") or of.whole("vocab_size", 0) or embedding.shape[-1]


def _quantisation(header: Header) -> str:
    """What the file calls itself; else the type that most of its bytes have."""
    named = header.metadata.get("general.file_type")
    if isinstance(named, int) and named in FILE_TYPES:
        return FILE_TYPES[named]
    found: Counter[str] = Counter()
    for tensor in header.tensors:
        found[tensor.type] += tensor.num_bytes
    return found.most_common(1)[0][0]
