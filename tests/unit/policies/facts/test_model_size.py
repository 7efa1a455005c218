"""How many bytes a model's name says that it needs at least."""

from __future__ import annotations

import pytest

from policies.facts import model_size

REAL = [
    ("meta-llama/Meta-Llama-3-8B-Instruct", 16.06e9),
    ("meta-llama/Llama-3.1-70B-Instruct", 141.1e9),
    ("bartowski/Meta-Llama-3-70B-Instruct-Q4_K_M.gguf", 42.52e9),
    ("Qwen2.5-32B-Instruct-Q4_K_M.gguf", 19.85e9),
    ("Qwen2.5-7B-Instruct-Q4_K_M.gguf", 4.68e9),
    ("Llama-3.2-3B-Instruct-Q4_K_M.gguf", 2.02e9),
    ("Mistral-7B-Instruct-v0.3-Q4_K_M.gguf", 4.37e9),
    ("gemma-3-270m-q4_k_m.gguf", 253113024),
    ("ggml-org/gpt-oss-20b-mxfp4.gguf", 12.11e9),
    ("openai/gpt-oss-120b", 65.2e9),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", 93.4e9),
    ("mistralai/Mixtral-8x22B-Instruct-v0.1", 281.3e9),
    ("Qwen/Qwen3-30B-A3B", 61.1e9),
    ("Qwen/Qwen2.5-72B-Instruct-AWQ", 41.6e9),
]
"""Files as the hub shows them."""


@pytest.mark.parametrize(("name", "size"), REAL)
def test_the_estimate_is_below_the_real_size_and_not_far_from_it(name: str, size: float) -> None:
    """Never more than the files, for then a model that fits would be refused."""
    estimate = model_size.weights_bytes(name)
    assert estimate is not None
    assert 0.5 * size <= estimate <= size


@pytest.mark.parametrize(
    "name", ["microsoft/phi-4", "a/x-4bit", "google/gemma-3n-E4B-it", "deepseek-ai/DeepSeek-V3", ""]
)
def test_a_name_without_a_number_tells_nothing(name: str) -> None:
    """Bits and effective parameters are no parameters."""
    assert model_size.weights_bytes(name) is None


def test_the_cache_of_a_known_shape_grows_with_the_tokens() -> None:
    """Llama 3 8B has 128 KiB for each token; models that are not in the table, and other types, count for nothing."""
    assert model_size.cache_bytes("meta-llama/Llama-3.1-8B-Instruct", 8192) == 2**30
    assert model_size.cache_bytes("meta-llama/Llama-3.1-8B-Instruct", 8192, "fp8_e4m3") == 2**29
    assert model_size.cache_bytes("meta-llama/Llama-3.1-8B-Instruct", 8192, "q4_0") == 0
    assert model_size.cache_bytes("a/b-8b", 8192) == 0
