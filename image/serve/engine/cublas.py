"""Which files need cuBLAS when a GPU computes them. Pure: from the names and types of their tensors.

ggml multiplies quantised matrices with kernels of its own, at every batch size, on every GPU from compute capability
7.5 on (mmvq.cu, mmq.cu). What it hands to cuBLAS, by ggml_cuda_mul_mat() in ggml-cuda.cu of the llama.cpp that
BINDINGS_VERSION names:

    F32, F16, BF16     above 3 columns, or above 16 where mmf.cu can: a prompt has more, and so has a batch
    IQ1_M              above 8 columns: mmq.cu has no kernel for it
    state-space scans  Mamba-2 in chunks (ssm-scan.cu), delta nets (solve_tri.cu, products of activations)
    embeddings         pooled as the mean of a text's rows, which is a product with a matrix of shares
    attention          only without flash attention: so that is switched on where nothing else needs cuBLAS

Norms, biases, positions and convolutions are added, multiplied one by one or looked up, whatever their type; files have
them in F32. Routers of experts are matrices in F32 in every file: no quantiser touches them, so a model of experts
needs cuBLAS. What this file does not know counts as multiplied: to refuse is better than to end in the middle of an
answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

CUBLAS_TYPES = frozenset({"f32", "f16", "bf16", "iq1_m"})

# By llama.cpp's own table of what is done with a tensor (LLM_TENSOR_INFOS in llama-arch.cpp): all but matrix products.
_NOT_MULTIPLIED = re.compile(
    r"""(^|\.)(
        .*norm.* | position_embd | token_types | per_layer_token_embd | .*embed_tokens
      | rope_freqs | rope_factors_(long|short) | attn_rel_b | cross_attn_rel_b | attn_sinks | layer_output_scale
      | exp_probs_b.* | ffn_gate_tid2eid | .*_ape | .*_base | .*_scale | .*_res_score | act | z_l_init
      | ssm_(conv1d.*|a|d) | ple_conv1d | conv | time_mix_(lerp_.*|ln|k_k|k_a|r_k|decay|w0|a0|v0|first)
      | channel_mix_lerp_.* | altup_correct_scale | gamma | dw | d2t | markov_w1 | selector_(predecessor|successor)
    )$""",
    re.VERBOSE,
)
_SCANS = re.compile(r"\.ssm_(a|in|ba|beta)$")
# Vectors of one number per column: their product is a matrix product all the same.
_MULTIPLIED_VECTORS = ("ffn_gate_inp_shexp",)


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry of a GGUF's table. `type` is ggml's name of it."""

    name: str
    type: str
    num_dims: int


def first_for_cublas(tensors: Iterable[Tensor]) -> str:
    """What needs it, named for a person; empty where nothing does."""
    all_ = list(tensors)
    is_tied = not any(each.name == "output.weight" for each in all_)
    for each in all_:
        stem = each.name.removesuffix(".weight")
        if _SCANS.search(stem):
            return f"{each.name}, which belongs to a state-space layer"
        if stem == "token_embd" and not is_tied:
            continue
        if each.type in CUBLAS_TYPES and _is_multiplied(each, stem):
            return f"{each.name} in {each.type.upper()}"
    return ""


def _is_multiplied(tensor: Tensor, stem: str) -> bool:
    if stem.endswith(".bias") or _NOT_MULTIPLIED.search(stem):
        return False
    return tensor.num_dims >= 2 or stem.endswith(_MULTIPLIED_VECTORS)


def refusal(path: object, needs: str, why_not: str) -> str:
    """The one line that says what is wrong and what helps."""
    return (
        f"{path} needs cuBLAS on a GPU, for {needs}, and there is none ({why_not}): put libcublas.so.13 and "
        "libcublasLt.so.13 into the folder that SLIPWAY_CUBLAS names, take a file in which all matrices are quantised, "
        "or compute it on the CPU (gpu_layers: 0 of the model, or SLIPWAY_GPU=off)"
    )
