"""Writes a tiny random GGUF of the llama architecture: real enough for every path of the engine, made in a moment.

Byte-level vocabulary with a few merges, ChatML special tokens and template, two layers. Its words mean nothing, but the
same seed gives the same model, and greedy decoding the same answer. Usage: python -m tests.helpers.tiny_gguf OUT.gguf
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, LlamaFileType, TokenType

CONTEXT_TOKENS = 4096
NUM_EMBEDDING, NUM_LAYERS, NUM_FEED_FORWARD, NUM_HEADS, NUM_KV_HEADS = 64, 2, 128, 4, 2
MERGES = ("t h", "th e", "Ġ the", "i n", "e r", "Ġ a", "a n", "r e", "o n", "Ġ s")
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def write(
    path: Path,
    *,
    seed: int = 1,
    chat_template: str | None = CHAT_TEMPLATE,
    splitter: str = "gpt-2",
    words: Sequence[str] = (),
    writer_type: type[GGUFWriter] = GGUFWriter,
) -> Path:
    """Write the file and return its path. `splitter` is llama.cpp's name for a way to cut text before tokenizing it.

    `words` are tokens of their own, after all others.
    """
    writer = writer_type(path, "llama")
    num_vocab = write_tokenizer(writer, chat_template, splitter, words)
    _write_shape(writer, num_vocab)
    _write_tensors(writer, num_vocab, np.random.default_rng(seed))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_tokenizer(writer: GGUFWriter, chat_template: str | None, splitter: str, words: Sequence[str] = ()) -> int:
    """Write the vocabulary and return its size."""
    plain = [*_byte_symbols(), *(merge.replace(" ", "") for merge in MERGES)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(splitter)
    writer.add_token_list([*plain, *SPECIAL, *words])
    types = [TokenType.NORMAL] * len(plain) + [TokenType.CONTROL] * len(SPECIAL)
    writer.add_token_types(types + [TokenType.USER_DEFINED] * len(words))
    writer.add_token_merges(list(MERGES))
    writer.add_bos_token_id(len(plain))
    writer.add_eos_token_id(len(plain) + 2)
    writer.add_add_bos_token(False)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    return len(plain) + len(SPECIAL) + len(words)


def _write_shape(writer: GGUFWriter, num_vocab: int) -> None:
    writer.add_name("tiny")
    writer.add_file_type(LlamaFileType.ALL_F32)
    writer.add_context_length(CONTEXT_TOKENS)
    writer.add_embedding_length(NUM_EMBEDDING)
    writer.add_block_count(NUM_LAYERS)
    writer.add_feed_forward_length(NUM_FEED_FORWARD)
    writer.add_head_count(NUM_HEADS)
    writer.add_head_count_kv(NUM_KV_HEADS)
    writer.add_rope_dimension_count(NUM_EMBEDDING // NUM_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(num_vocab)


def _write_tensors(writer: GGUFWriter, num_vocab: int, random: np.random.Generator) -> None:
    num_kv = NUM_KV_HEADS * (NUM_EMBEDDING // NUM_HEADS)

    def matrix(name: str, rows: int, columns: int) -> None:
        scale = np.float32(columns**-0.5)
        writer.add_tensor(f"{name}.weight", random.standard_normal((rows, columns), dtype=np.float32) * scale)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(NUM_EMBEDDING, dtype=np.float32))

    matrix("token_embd", num_vocab, NUM_EMBEDDING)
    for layer in range(NUM_LAYERS):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm")
        matrix(f"{block}.attn_q", NUM_EMBEDDING, NUM_EMBEDDING)
        matrix(f"{block}.attn_k", num_kv, NUM_EMBEDDING)
        matrix(f"{block}.attn_v", num_kv, NUM_EMBEDDING)
        matrix(f"{block}.attn_output", NUM_EMBEDDING, NUM_EMBEDDING)
        norm(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", NUM_FEED_FORWARD, NUM_EMBEDDING)
        matrix(f"{block}.ffn_up", NUM_FEED_FORWARD, NUM_EMBEDDING)
        matrix(f"{block}.ffn_down", NUM_EMBEDDING, NUM_FEED_FORWARD)
    norm("output_norm")
    # A wide last layer: clear winners, so that rounding never decides which token is the next.
    matrix("output", num_vocab, NUM_EMBEDDING)


def _byte_symbols() -> list[str]:
    """GPT-2's printable stand-in for each byte, indexed by byte."""
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


if __name__ == "__main__":
    write(Path(sys.argv[1]))
