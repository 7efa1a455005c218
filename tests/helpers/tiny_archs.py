"""Tiny random GGUFs of other architectures: each is here for a kind of memory, or of output, that the engine must know.

    gemma3  a sliding window over some layers     mamba  a recurrent state       jamba  both kinds of layers
    bert    reads a text at once, one vector      bert with a classifier: a score
    llama's LoRA adapter for tests.helpers.tiny_gguf

Words and weights mean nothing; the same seed gives the same file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from gguf import GGUFWriter, LlamaFileType, PoolingType, TokenType

from tests.helpers import tiny_gguf

Arch = Literal["llama", "gemma3", "mamba", "jamba"]
ARCHS: tuple[Arch, ...] = ("llama", "gemma3", "mamba", "jamba")
WINDOW_TOKENS = 16
EMBEDDING, FEED_FORWARD, HEADS, KV_HEADS, HEAD = 64, 96, 4, 2, 16
CONV, INNER, STATE, RANK = 4, 128, 8, 4
CONTEXT = 2048


class _Tensors:
    """Random matrices and norms of a writer."""

    def __init__(self, writer: GGUFWriter, seed: int) -> None:
        self.writer = writer
        self.random = np.random.default_rng(seed)

    def matrix(self, name: str, rows: int, columns: int) -> None:
        scale = np.float32(columns**-0.5)
        self.writer.add_tensor(name, self.random.standard_normal((rows, columns), dtype=np.float32) * scale)

    def ones(self, name: str, num: int) -> None:
        self.writer.add_tensor(name, np.ones(num, dtype=np.float32))

    def zeros(self, name: str, num: int) -> None:
        self.writer.add_tensor(name, np.zeros(num, dtype=np.float32))


def write(path: Path, arch: Arch, *, seed: int = 1) -> Path:
    """Write a model that generates text, and return its path."""
    if arch == "llama":
        return tiny_gguf.write(path, seed=seed)
    writer = GGUFWriter(path, arch)
    num_vocab = tiny_gguf.write_tokenizer(writer, tiny_gguf.CHAT_TEMPLATE, "gpt-2")
    _shape(writer, num_vocab, layers=4)
    tensors = _Tensors(writer, seed)
    tensors.matrix("token_embd.weight", num_vocab, EMBEDDING)
    tensors.ones("output_norm.weight", EMBEDDING)
    if arch == "gemma3":
        writer.add_sliding_window(WINDOW_TOKENS)
        writer.add_array("gemma3.attention.sliding_window_pattern", [True, True, False, True])
        for layer in range(4):
            _gemma3_layer(tensors, f"blk.{layer}")
    else:
        writer.add_ssm_conv_kernel(CONV)
        writer.add_ssm_inner_size(INNER)
        writer.add_ssm_state_size(STATE)
        writer.add_ssm_time_step_rank(RANK)
        tensors.matrix("output.weight", num_vocab, EMBEDDING)
        for layer in range(4):
            _mamba_or_attention(tensors, f"blk.{layer}", arch, attends=arch == "jamba" and layer % 2 == 1)
    if arch == "jamba":
        writer.add_array("jamba.attention.head_count_kv", [0, KV_HEADS, 0, KV_HEADS])
    return _close(writer, path)


def write_encoder(path: Path, *, ranks: bool = False, tells_pooling: bool = True, seed: int = 1) -> Path:
    """Write a BERT that makes one vector of a text by the mean of its tokens or, when it ranks, a score."""
    writer = GGUFWriter(path, "bert")
    num_vocab = _bert_tokenizer(writer)
    _shape(writer, num_vocab, layers=2)
    writer.add_causal_attention(False)
    writer.add_layer_norm_eps(1e-5)
    if tells_pooling:
        writer.add_pooling_type(PoolingType.RANK if ranks else PoolingType.MEAN)
    tensors = _Tensors(writer, seed)
    tensors.matrix("token_embd.weight", num_vocab, EMBEDDING)
    tensors.matrix("token_types.weight", 2, EMBEDDING)
    tensors.matrix("position_embd.weight", CONTEXT, EMBEDDING)
    _layer_norm(tensors, "token_embd_norm")
    for layer in range(2):
        block = f"blk.{layer}"
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            tensors.matrix(f"{block}.{name}.weight", EMBEDDING, EMBEDDING)
            tensors.zeros(f"{block}.{name}.bias", EMBEDDING)
        _layer_norm(tensors, f"{block}.attn_output_norm")
        tensors.matrix(f"{block}.ffn_up.weight", FEED_FORWARD, EMBEDDING)
        tensors.zeros(f"{block}.ffn_up.bias", FEED_FORWARD)
        tensors.matrix(f"{block}.ffn_down.weight", EMBEDDING, FEED_FORWARD)
        tensors.zeros(f"{block}.ffn_down.bias", EMBEDDING)
        _layer_norm(tensors, f"{block}.layer_output_norm")
    if ranks:
        tensors.matrix("cls.weight", EMBEDDING, EMBEDDING)
        tensors.zeros("cls.bias", EMBEDDING)
        tensors.matrix("cls.output.weight", 1, EMBEDDING)
        tensors.zeros("cls.output.bias", 1)
    return _close(writer, path)


def write_adapter(path: Path, *, seed: int = 5, strength: float = 3.0) -> Path:
    """Write a LoRA adapter for the tiny llama that changes what it says."""
    writer = GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    random = np.random.default_rng(seed)
    size = tiny_gguf.NUM_EMBEDDING
    for layer in range(tiny_gguf.NUM_LAYERS):
        name = f"blk.{layer}.attn_output.weight"
        writer.add_tensor(f"{name}.lora_a", random.standard_normal((4, size), dtype=np.float32) * np.float32(0.1))
        b = random.standard_normal((size, 4), dtype=np.float32) * np.float32(strength)
        writer.add_tensor(f"{name}.lora_b", b)
    return _close(writer, path)


def _shape(writer: GGUFWriter, num_vocab: int, *, layers: int) -> None:
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    if writer.arch != "jamba":
        writer.add_head_count_kv(KV_HEADS if writer.arch == "gemma3" else HEADS)
    if writer.arch == "gemma3":
        writer.add_key_length(HEAD)
        writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(num_vocab)


def _gemma3_layer(tensors: _Tensors, block: str) -> None:
    for name in ("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm"):
        tensors.ones(f"{block}.{name}.weight", EMBEDDING)
    for name in ("attn_q_norm", "attn_k_norm"):
        tensors.ones(f"{block}.{name}.weight", HEAD)
    _attention(tensors, block)
    _feed_forward(tensors, block)


def _mamba_or_attention(tensors: _Tensors, block: str, arch: Arch, *, attends: bool) -> None:
    tensors.ones(f"{block}.attn_norm.weight", EMBEDDING)
    if attends:
        _attention(tensors, block)
    else:
        tensors.matrix(f"{block}.ssm_in.weight", 2 * INNER, EMBEDDING)
        tensors.matrix(f"{block}.ssm_conv1d.weight", INNER, CONV)
        tensors.zeros(f"{block}.ssm_conv1d.bias", INNER)
        tensors.matrix(f"{block}.ssm_x.weight", RANK + 2 * STATE, INNER)
        tensors.matrix(f"{block}.ssm_dt.weight", INNER, RANK)
        tensors.zeros(f"{block}.ssm_dt.bias", INNER)
        decay = -np.tile(np.arange(1, STATE + 1, dtype=np.float32), (INNER, 1))
        tensors.writer.add_tensor(f"{block}.ssm_a", decay)
        tensors.ones(f"{block}.ssm_d", INNER)
        tensors.matrix(f"{block}.ssm_out.weight", EMBEDDING, INNER)
    if arch == "jamba":
        if not attends:
            tensors.ones(f"{block}.ssm_dt_norm.weight", RANK)
            tensors.ones(f"{block}.ssm_b_norm.weight", STATE)
            tensors.ones(f"{block}.ssm_c_norm.weight", STATE)
        tensors.ones(f"{block}.ffn_norm.weight", EMBEDDING)
        _feed_forward(tensors, block)


def _attention(tensors: _Tensors, block: str) -> None:
    tensors.matrix(f"{block}.attn_q.weight", HEADS * HEAD, EMBEDDING)
    tensors.matrix(f"{block}.attn_k.weight", KV_HEADS * HEAD, EMBEDDING)
    tensors.matrix(f"{block}.attn_v.weight", KV_HEADS * HEAD, EMBEDDING)
    tensors.matrix(f"{block}.attn_output.weight", EMBEDDING, HEADS * HEAD)


def _feed_forward(tensors: _Tensors, block: str) -> None:
    tensors.matrix(f"{block}.ffn_gate.weight", FEED_FORWARD, EMBEDDING)
    tensors.matrix(f"{block}.ffn_up.weight", FEED_FORWARD, EMBEDDING)
    tensors.matrix(f"{block}.ffn_down.weight", EMBEDDING, FEED_FORWARD)


def _layer_norm(tensors: _Tensors, name: str) -> None:
    tensors.ones(f"{name}.weight", EMBEDDING)
    tensors.zeros(f"{name}.bias", EMBEDDING)


def _bert_tokenizer(writer: GGUFWriter) -> int:
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    # llama.cpp's form of WordPiece: beginnings of words carry a mark, continuations none.
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *("\u2581" + each for each in letters), *letters]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * 5 + [TokenType.NORMAL] * (len(tokens) - 5))
    writer.add_token_type_count(2)
    writer.add_pad_token_id(0)
    writer.add_unk_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_sep_token_id(3)
    writer.add_eos_token_id(3)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    return len(tokens)


def _close(writer: GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
