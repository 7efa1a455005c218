"""Writes the header of a GGUF file of any shape, with no weights behind it: of the models of the catalog, for example.

The file is as long as it says and takes no room on the disk. llama.cpp can plan its buffers for it, but not compute.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFWriter, LlamaFileType

from infra.catalog.types import Geometry

Q4_K, MXFP4, F32 = GGMLQuantizationType.Q4_K, GGMLQuantizationType.MXFP4, GGMLQuantizationType.F32
FILE_TYPES = {"Q4_K_M": LlamaFileType.MOSTLY_Q4_K_M, "MXFP4": 38}


def write(path: Path, of: Geometry, *, num_merges: int = 0, **metadata: object) -> Path:
    """The header of such a model. `metadata` is added, under the architecture's name."""
    writer = GGUFWriter(path, of.architecture)
    _write_shape(writer, of)
    if num_merges:  # makes the header long, as vocabularies do
        writer.add_token_merges([f"merge {number}" for number in range(num_merges)])
    for key, value in metadata.items():
        if isinstance(value, list):
            writer.add_array(f"{of.architecture}.{key.replace('__', '.')}", value)
        else:
            writer.add_uint32(f"{of.architecture}.{key.replace('__', '.')}", int(str(value)))
    num_bytes = _Tensors(writer, of).write()
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    os.truncate(path, -(-path.stat().st_size // 32) * 32 + num_bytes)
    return path


def _write_shape(writer: GGUFWriter, of: Geometry) -> None:
    first = of.layers[0]
    writer.add_tokenizer_model("none")
    writer.add_vocab_size(of.num_vocabulary)
    writer.add_file_type(int(FILE_TYPES[of.quantisation]))
    writer.add_context_length(of.trained_context_tokens)
    writer.add_embedding_length(of.num_embedding)
    writer.add_block_count(of.num_layers)
    writer.add_feed_forward_length(of.num_feed_forward)
    writer.add_head_count(of.num_heads)
    writer.add_head_count_kv(first.num_kv_heads)
    writer.add_key_length(first.key_size)
    writer.add_value_length(first.value_size)
    writer.add_rope_dimension_count(first.key_size)
    writer.add_layer_norm_rms_eps(1e-5)
    if window := max(each.window_tokens for each in of.layers):
        writer.add_sliding_window(window)
    if of.num_experts:
        writer.add_expert_count(of.num_experts)
        writer.add_expert_used_count(of.num_used_experts)
        writer.add_expert_feed_forward_length(of.num_feed_forward)


class _Tensors:
    """The tensors that llama.cpp asks for, by architecture."""

    def __init__(self, writer: GGUFWriter, of: Geometry) -> None:
        self._writer, self._of = writer, of
        self._num_bytes = 0
        bits = of.embedding_bytes * 8 / (of.num_vocabulary * of.num_embedding)
        self._embedding = next(kind for kind, (n, size) in GGML_QUANT_SIZES.items() if size * 8 / n == bits)

    def write(self) -> int:
        """Bytes of the data, with the padding in between."""
        of = self._of
        self._add("token_embd.weight", of.num_vocabulary, of.num_embedding, kind=self._embedding)
        self._add("output_norm.weight", of.num_embedding, kind=F32)
        if not of.is_tied:
            self._add("output.weight", of.num_vocabulary, of.num_embedding, kind=self._embedding)
        for layer in range(of.num_layers):
            self._attention(f"blk.{layer}.")
            if of.num_experts:
                self._experts(f"blk.{layer}.")
            else:
                self._dense(f"blk.{layer}.")
        return self._num_bytes

    def _add(self, name: str, *shape: int, kind: GGMLQuantizationType | None = None) -> None:
        if kind is None:
            kind = Q4_K if shape[-1] % GGML_QUANT_SIZES[Q4_K][0] == 0 else GGMLQuantizationType.Q8_0
        block, size = GGML_QUANT_SIZES[kind]
        num_bytes = int(np.prod(shape, dtype=np.int64)) // block * size
        if kind == F32:
            self._writer.add_tensor_info(name, list(shape), np.dtype(np.float32), num_bytes)
        else:
            stored = [*shape[:-1], shape[-1] // block * size]
            self._writer.add_tensor_info(name, stored, np.dtype(np.uint8), num_bytes, raw_dtype=kind)
        self._num_bytes += -(-num_bytes // 32) * 32

    def _attention(self, block: str) -> None:
        of, layers = self._of, self._of.layers[0]
        queries, keys = of.num_heads * layers.key_size, layers.num_kv_heads * layers.key_size
        self._add(f"{block}attn_norm.weight", of.num_embedding, kind=F32)
        for name, rows in (("q", queries), ("k", keys), ("v", keys)):
            self._add(f"{block}attn_{name}.weight", rows, of.num_embedding)
            if of.architecture in ("qwen2", "gpt-oss"):
                self._add(f"{block}attn_{name}.bias", rows, kind=F32)
        self._add(f"{block}attn_output.weight", of.num_embedding, queries)
        if of.architecture == "gemma3":
            for name in ("attn_q_norm", "attn_k_norm"):
                self._add(f"{block}{name}.weight", layers.key_size, kind=F32)
            for name in ("post_attention_norm", "post_ffw_norm"):
                self._add(f"{block}{name}.weight", of.num_embedding, kind=F32)

    def _dense(self, block: str) -> None:
        of = self._of
        self._add(f"{block}ffn_norm.weight", of.num_embedding, kind=F32)
        self._add(f"{block}ffn_gate.weight", of.num_feed_forward, of.num_embedding)
        self._add(f"{block}ffn_up.weight", of.num_feed_forward, of.num_embedding)
        self._add(f"{block}ffn_down.weight", of.num_embedding, of.num_feed_forward)

    def _experts(self, block: str) -> None:
        """As gpt-oss has them."""
        of = self._of
        self._add(f"{block}attn_output.bias", of.num_embedding, kind=F32)
        self._add(f"{block}attn_sinks.weight", of.num_heads, kind=F32)
        self._add(f"{block}post_attention_norm.weight", of.num_embedding, kind=F32)
        self._add(f"{block}ffn_gate_inp.weight", of.num_experts, of.num_embedding, kind=F32)
        self._add(f"{block}ffn_gate_inp.bias", of.num_experts, kind=F32)
        for name, rows, columns in (
            ("gate", of.num_feed_forward, of.num_embedding),
            ("up", of.num_feed_forward, of.num_embedding),
            ("down", of.num_embedding, of.num_feed_forward),
        ):
            self._add(f"{block}ffn_{name}_exps.weight", of.num_experts, rows, columns, kind=MXFP4)
            self._add(f"{block}ffn_{name}_exps.bias", of.num_experts, rows, kind=F32)
