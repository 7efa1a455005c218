"""Writes GGUF models of the llama architecture with random weights: `python -m bench.engine.make_model PRESET OUT`.

They say nothing, but compute as much as real ones of their size. The same preset and seed give the same bytes. Only
tokens that are text of their own are ever chosen: half a character is held back by every server, and would make the
number of events another one than that of tokens.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, TokenType
from gguf.quants import quantize

from bench.engine.vocabulary import byte_symbols, train

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SEED = 1


@dataclass(frozen=True, slots=True)
class Preset:
    """The shape of one model."""

    vocab: int
    embedding: int
    layers: int
    feed_forward: int
    heads: int
    kv_heads: int
    context: int

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.embedding // self.heads

    @property
    def num_parameters(self) -> int:
        """Of the matrices; norms are few."""
        attention = 2 * self.embedding * self.embedding + 2 * self.embedding * self.kv_heads * self.head
        return self.layers * (attention + 3 * self.embedding * self.feed_forward) + 2 * self.vocab * self.embedding


PRESETS = {
    "tiny": Preset(vocab=4096, embedding=256, layers=6, feed_forward=768, heads=4, kv_heads=2, context=4096),
    "medium": Preset(vocab=32000, embedding=1024, layers=24, feed_forward=3072, heads=16, kv_heads=8, context=32768),
}
"""7 and 368 million parameters."""


def write(path: Path, preset: Preset, seed: int = SEED, kind: GGMLQuantizationType = GGMLQuantizationType.Q8_0) -> None:
    """Write the file, with matrices of this kind."""
    writer = GGUFWriter(path, "llama")
    is_text = _write_tokenizer(writer, preset)
    _write_shape(writer, preset)
    _write_tensors(writer, preset, is_text, np.random.default_rng(seed), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _write_tokenizer(writer: GGUFWriter, preset: Preset) -> list[bool]:
    """Returns of each token whether it is text of its own."""
    plain = train(preset.vocab - len(SPECIAL))
    num = len(plain.tokens)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*plain.tokens, *SPECIAL])
    writer.add_token_types([TokenType.NORMAL] * num + [TokenType.CONTROL] * len(SPECIAL))
    writer.add_token_merges(plain.merges)
    writer.add_bos_token_id(num)
    writer.add_eos_token_id(num + 2)
    writer.add_pad_token_id(num)
    writer.add_add_bos_token(value=False)
    writer.add_chat_template(CHAT_TEMPLATE)
    whole_characters = set(byte_symbols()[33:127])
    return [token in whole_characters or len(token) > 1 for token in plain.tokens] + [False] * len(SPECIAL)


def _write_shape(writer: GGUFWriter, preset: Preset) -> None:
    writer.add_name(f"random-{preset.num_parameters // 10**6}M")
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(preset.context)
    writer.add_embedding_length(preset.embedding)
    writer.add_block_count(preset.layers)
    writer.add_feed_forward_length(preset.feed_forward)
    writer.add_head_count(preset.heads)
    writer.add_head_count_kv(preset.kv_heads)
    writer.add_rope_dimension_count(preset.head)
    writer.add_rope_freq_base(10000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(preset.vocab)


def _write_tensors(
    writer: GGUFWriter, preset: Preset, is_text: list[bool], random: np.random.Generator, kind: GGMLQuantizationType
) -> None:
    width, num_kv = preset.embedding, preset.kv_heads * preset.head

    def matrix(name: str, rows: int, columns: int, keep: list[bool] | None = None) -> None:
        data = random.standard_normal((rows, columns), dtype=np.float32) * np.float32(columns**-0.5)
        if keep is not None:
            data[~np.array(keep)] = 0  # the best of the others is always above zero
        writer.add_tensor(f"{name}.weight", quantize(data, kind), raw_dtype=kind)

    def norm(name: str) -> None:
        writer.add_tensor(f"{name}.weight", np.ones(width, dtype=np.float32))

    matrix("token_embd", preset.vocab, width)
    for layer in range(preset.layers):
        block = f"blk.{layer}"
        norm(f"{block}.attn_norm")
        matrix(f"{block}.attn_q", width, width)
        matrix(f"{block}.attn_k", num_kv, width)
        matrix(f"{block}.attn_v", num_kv, width)
        matrix(f"{block}.attn_output", width, width)
        norm(f"{block}.ffn_norm")
        matrix(f"{block}.ffn_gate", preset.feed_forward, width)
        matrix(f"{block}.ffn_up", preset.feed_forward, width)
        matrix(f"{block}.ffn_down", width, preset.feed_forward)
    norm("output_norm")
    matrix("output", preset.vocab, width, keep=is_text)


def main() -> None:
    """Write what the command line asks for."""
    parser = argparse.ArgumentParser(description="Write a GGUF model with random weights.")
    parser.add_argument("preset", choices=PRESETS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    write(options.out, PRESETS[options.preset], options.seed)


if __name__ == "__main__":
    main()
