"""Tests of serve.engine.cublas: which files need cuBLAS on a GPU, by their tensors."""

from __future__ import annotations

import pytest

from serve.engine.cublas import Tensor, first_for_cublas, refusal

# As llama.cpp's converter and quantiser leave them: norms, biases and factors in F32, matrices quantised.
LLAMA = (
    Tensor("token_embd.weight", "q4_K", 2),
    Tensor("rope_freqs.weight", "f32", 1),
    Tensor("blk.0.attn_norm.weight", "f32", 1),
    Tensor("blk.0.attn_q.weight", "q4_K", 2),
    Tensor("blk.0.attn_q.bias", "f32", 1),
    Tensor("blk.0.attn_q_norm.weight", "f32", 1),
    Tensor("blk.0.attn_sinks.weight", "f32", 1),
    Tensor("blk.0.ffn_down.weight", "q6_K", 2),
    Tensor("output_norm.weight", "f32", 1),
    Tensor("output.weight", "q6_K", 2),
)


def test_a_quantised_model_needs_none() -> None:
    """ggml's own kernels multiply all its matrices."""
    assert first_for_cublas(LLAMA) == ""


@pytest.mark.parametrize("kind", ["f32", "f16", "bf16", "iq1_m"])
def test_one_matrix_that_is_not_quantised_needs_it(kind: str) -> None:
    """By its name and type. IQ1_M has kernels for few columns only."""
    wanted = f"blk.7.ffn_up.weight in {kind.upper()}"
    assert first_for_cublas((*LLAMA, Tensor("blk.7.ffn_up.weight", kind, 2))) == wanted


@pytest.mark.parametrize("kind", ["q8_0", "q4_0", "q5_K", "iq1_s", "iq4_xs", "mxfp4", "nvfp4"])
def test_every_other_kind_of_matrix_needs_none(kind: str) -> None:
    """mmq.cu has them all."""
    assert first_for_cublas((*LLAMA, Tensor("blk.7.ffn_up.weight", kind, 2))) == ""


@pytest.mark.parametrize(
    "tensor",
    [
        Tensor("position_embd.weight", "f32", 2),
        Tensor("token_types.weight", "f32", 2),
        Tensor("token_embd_norm.weight", "f32", 1),
        Tensor("per_layer_token_embd.weight", "f16", 2),
        Tensor("blk.0.shortconv.conv.weight", "f32", 2),
        Tensor("blk.0.attn_k_norm.weight", "f32", 2),
        Tensor("blk.0.exp_probs_b.bias", "f32", 1),
        Tensor("blk.0.layer_output_scale.weight", "f32", 1),
        Tensor("rope_factors_long.weight", "f32", 1),
        Tensor("blk.0.ffn_up.bias", "f32", 2),
    ],
)
def test_what_is_added_or_looked_up_needs_none(tensor: Tensor) -> None:
    """Whatever its type and shape."""
    assert first_for_cublas((*LLAMA, tensor)) == ""


def test_experts_are_routed_by_a_matrix_in_f32() -> None:
    """So every model of experts needs it; the router of shared ones is a matrix of one row, and stored as a vector."""
    router = Tensor("blk.0.ffn_gate_inp.weight", "f32", 2)
    assert first_for_cublas((*LLAMA, router)) == "blk.0.ffn_gate_inp.weight in F32"
    assert first_for_cublas((*LLAMA, Tensor("blk.0.ffn_gate_inp_shexp.weight", "f32", 1)))


def test_the_embeddings_are_a_matrix_where_they_are_the_output_too() -> None:
    """Looked up at the beginning, multiplied at the end."""
    embeddings = Tensor("token_embd.weight", "f16", 2)
    assert first_for_cublas((embeddings, *LLAMA[1:])) == ""
    assert first_for_cublas((embeddings, *LLAMA[1:-1])) == "token_embd.weight in F16"


def test_state_space_layers_need_it_whatever_their_types() -> None:
    """Their scans multiply what was computed, not only weights. A short convolution alone does not."""
    scan = Tensor("blk.0.ssm_a", "f32", 2)
    assert first_for_cublas((*LLAMA, scan)) == "blk.0.ssm_a, which belongs to a state-space layer"


def test_an_adapter_needs_it() -> None:
    """Both of its factors are matrices, in F32 or F16."""
    adapter = (Tensor("blk.0.attn_q.weight.lora_a", "f16", 2), Tensor("blk.0.attn_q.weight.lora_b", "f16", 2))
    assert first_for_cublas(adapter) == "blk.0.attn_q.weight.lora_a in F16"
    assert first_for_cublas((Tensor("blk.0.attn_q.weight.lora_a", "q8_0", 2),)) == ""


def test_what_is_not_known_counts_as_multiplied() -> None:
    """To refuse is better than to end in the middle of an answer."""
    assert first_for_cublas((*LLAMA, Tensor("blk.0.newly_invented.weight", "f32", 2)))


def test_the_refusal_names_the_tensor_and_the_setting() -> None:
    """And the three ways out, in one line."""
    line = refusal("/models/m.gguf", "output.weight in F16", "no such file")
    assert line.startswith("/models/m.gguf needs cuBLAS on a GPU, for output.weight in F16, and there is none (no such")
    assert all(word in line for word in ("SLIPWAY_CUBLAS", "quantised", "gpu_layers", "SLIPWAY_GPU=off"))
    assert "\n" not in line
