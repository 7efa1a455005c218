"""The models with random weights, and their vocabulary."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader

from bench.engine.make_model import PRESETS, Preset, write
from bench.engine.vocabulary import WORDS, train

SMALL = Preset(vocab=1024, embedding=64, layers=1, feed_forward=96, heads=2, kv_heads=1, context=128)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    """And another one others: files are kept under a hash of what makes them."""
    digests = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(tmp_path / name, SMALL, seed)
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert digests[0] == digests[1] != digests[2]


def test_only_tokens_that_are_text_can_be_chosen(tmp_path: Path) -> None:
    """Half characters, control characters and special tokens have a logit of zero, whatever came before."""
    write(tmp_path / "model", SMALL)
    (output,) = [tensor for tensor in GGUFReader(tmp_path / "model").tensors if tensor.name == "output.weight"]
    is_zero = ~np.any(output.data, axis=1)
    assert is_zero.shape == (SMALL.vocab,)
    assert is_zero[:33].all()
    assert is_zero[127:256].all()
    assert is_zero[-3:].all()
    assert not is_zero[33:127].any()
    assert not is_zero[256:-3].any()


def test_the_presets_are_as_large_as_their_names() -> None:
    """The medium one is between 300 and 500 million parameters, the tiny one at 7."""
    assert 300e6 < PRESETS["medium"].num_parameters < 500e6
    assert round(PRESETS["tiny"].num_parameters / 1e6) == 7


@pytest.mark.parametrize("size", [1000, 4093])
def test_every_word_is_one_token_and_no_token_is_there_twice(size: int) -> None:
    """So a prompt of so many words has as many tokens."""
    found = train(size)
    assert len(found.tokens) == len(set(found.tokens)) == size
    assert {f"Ġ{word}" for word in WORDS} | set(WORDS) <= set(found.tokens)


def test_every_merge_joins_two_tokens_into_a_third() -> None:
    """A tokenizer could not use it otherwise."""
    found = train(2000)
    known = set(found.tokens)
    for merge in found.merges:
        left, right = merge.split(" ")
        assert {left, right, left + right} <= known


@pytest.mark.parametrize("size", [300, 10**6])
def test_a_size_that_these_words_can_not_have_is_refused(size: int) -> None:
    """Too few for the words, or more than they make."""
    with pytest.raises(ValueError, match=f"size is {size}"):
        train(size)
