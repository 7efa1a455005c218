"""The proof: what fits, what does not, and with which numbers."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

from infra.catalog.types import Profile, Size
from infra.fit.engine import LEAST_OUTPUTS, MAX_KEPT, MAX_KEPT_STATES, Engine
from infra.fit.proof import explain, prove
from infra.units import GI, MI
from serve.settings import Settings
from tests.unit.infra.fit.samples import (
    CATALOG,
    GPT_OSS,
    GPU24,
    GPU80,
    LLAMA_70B,
    QWEN_32B,
    SIZES,
    cpu,
    gpu,
    profiles,
    sizes,
)

LLAMA = Path(__file__).parents[4] / "image" / "serve" / "engine" / "llama"


@pytest.mark.parametrize("name", SIZES)
def test_every_entry_of_the_catalog_fits_its_profile(name: str) -> None:
    """At both sizes; with a GPU all weights lie on it."""
    size = SIZES[name]
    fit = prove(size, CATALOG.profiles[size.profile])
    assert fit.does_fit, explain(fit)


def test_the_40_gi_that_were_asked_for_do_not_hold_the_weights_of_the_70b_model() -> None:
    """Neither as memory nor as a GPU's: 39.60 GiB of weights leave nothing for 10 GiB of conversations."""
    in_memory, on_gpu = prove(LLAMA_70B, cpu(40 * GI)), prove(LLAMA_70B, gpu(40 * GI))
    assert not in_memory.does_fit
    assert not on_gpu.does_fit
    assert explain(in_memory) == (
        "does not fit the memory of cpu: weights 39.60 GiB + KV cache (4 x 8192 tokens) 10.00 GiB + compute buffers "
        "0.28 GiB + server 0.25 GiB = 50.13 GiB of 40.00 GiB"
    )
    assert not prove(replace(LLAMA_70B, num_slots=1, context_tokens=256), gpu(40 * GI)).does_fit


@pytest.mark.parametrize("product", ["Tesla-T4", "NVIDIA-A10G", "Tesla-V100-SXM2-32GB"])
def test_the_gpus_that_were_asked_for_do_not_hold_the_70b_model(product: str) -> None:
    """T4 and V100 stood in the requirements."""
    from infra.hardware import gpu_memory

    assert not prove(LLAMA_70B, gpu(gpu_memory(product))).does_fit


def test_two_slots_of_the_32b_model_fit_24_gb_and_four_do_not() -> None:
    """18.08 GiB of weights, 1 GiB of cache for each slot."""
    assert prove(QWEN_32B, GPU24).does_fit
    four = prove(replace(QWEN_32B, num_slots=4), GPU24)
    assert not four.does_fit
    assert explain(four).startswith("does not fit the GPU of gpu24-20g: weights 18.08 GiB + KV cache (4 x 4096 tokens)")


def test_with_a_gpu_the_host_needs_no_room_for_the_file() -> None:
    """What stays of it in the page cache is told: it makes the next start fast, and nobody ends for want of it."""
    small, large = prove(LLAMA_70B, replace(GPU80, memory_bytes=4 * GI)), prove(LLAMA_70B, GPU80)
    assert small.does_fit
    assert 2 * GI < small.cached_bytes < 4 * GI
    assert large.cached_bytes == LLAMA_70B.weights.file_bytes
    assert not prove(LLAMA_70B, replace(GPU80, memory_bytes=GI)).does_fit


def test_gpus_share_the_layers() -> None:
    """Two of 40 GB hold what one of 80 GB does; each has its own buffers, so two need more than one."""
    one, two = prove(LLAMA_70B, gpu(80 * GI)), prove(LLAMA_70B, gpu(40 * GI, num_gpus=2))
    assert two.does_fit
    assert one.needed("gpu") / 2 < two.needed("gpu") < one.needed("gpu")


def test_a_tied_embedding_lies_on_both_sides() -> None:
    """On the host as the input, on the GPU as the output."""
    tied = prove(SIZES["summary.full"], GPU24)
    terms = {(term.place, term.name): term.num_bytes for term in tied.terms}
    assert terms["gpu", "weights"] == SIZES["summary.full"].weights.file_bytes
    assert terms["host", "input embedding"] == SIZES["summary.full"].geometry.embedding_bytes
    apart = prove(GPT_OSS, GPU24)
    on_gpu = next(term.num_bytes for term in apart.terms if term.name == "weights")
    assert on_gpu == GPT_OSS.weights.file_bytes - GPT_OSS.geometry.embedding_bytes


def test_the_proof_reckons_with_the_steps_of_the_server() -> None:
    """What the image sets when nobody says otherwise, of which llama.cpp computes 512 at once."""
    assert Engine().step_tokens >= min(Settings.model_fields["step_tokens"].default, 512)
    # To import them would need the compiled library.
    source = "".join((LLAMA / name).read_text(encoding="utf-8") for name in ("backend.py", "params.py"))
    assert "_UBATCH_TOKENS = 512\n" in source
    assert f"_MIN_OUTPUTS = {LEAST_OUTPUTS}\n" in source
    assert f"_MAX_KEPT, _MAX_KEPT_EXACT = {MAX_KEPT}, {MAX_KEPT_STATES}  #" in source
    assert "self._copies = slots > 1 and not model.is_exact\n" in source
    assert "params.kv_unified = not copies\n" in source
    assert "swa_full" not in source


@given(sizes, profiles)
def test_the_terms_add_up(size: Size, profile: Profile) -> None:
    """What is needed and what is spare is all that is usable; nothing counts less than nothing."""
    fit = prove(size, profile)
    assert all(term.num_bytes >= 0 for term in fit.terms)
    assert fit.needed("host") + fit.spare("host") == profile.memory_bytes
    assert fit.needed("gpu") + fit.spare("gpu") == fit.usable_gpu_bytes
    assert fit.does_fit == ("does not fit" not in explain(fit))
    assert (fit.needed("gpu") > 0) == (profile.num_gpus > 0)


@given(sizes, profiles)
def test_more_hardware_never_stops_what_fitted(size: Size, profile: Profile) -> None:
    """Monotone in memory."""
    more = replace(profile, memory_bytes=profile.memory_bytes + MI, gpu_memory_bytes=profile.gpu_memory_bytes + MI)
    assert prove(size, more).does_fit >= prove(size, profile).does_fit
