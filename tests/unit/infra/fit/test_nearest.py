"""What fits instead."""

import re
from dataclasses import replace

from hypothesis import given, settings

from infra.catalog.types import Profile, Size
from infra.fit.check import misfits
from infra.fit.nearest import nearest, shelf
from infra.fit.proof import prove
from infra.units import GI
from tests.unit.infra.fit.samples import (
    CATALOG,
    GPU24,
    GPU80,
    LLAMA_70B,
    QWEN_32B,
    contexts,
    cpu,
    profiles,
    shaped,
    sizes,
    slots,
)

SHELF = shelf(CATALOG)


def test_the_least_change_comes_first() -> None:
    """Three slots instead of four, or three quarters of the context, are less than another GPU."""
    found = nearest(replace(QWEN_32B, num_slots=4), GPU24, SHELF)
    assert [each.text for each in found] == [
        "context_tokens 3072 instead of 4096",
        "num_slots 3 instead of 4",
        "profile gpu40-32g",
    ]


def test_weights_that_are_too_large_need_other_hardware() -> None:
    """No slot and no context helps; the next profile that holds it does."""
    assert [each.text for each in nearest(LLAMA_70B, GPU24, SHELF)] == ["profile gpu80-48g"]


def test_a_smaller_quantisation_is_told_where_the_catalog_knows_one() -> None:
    """The same model, fewer bits: known by its shape, whatever the entry is called."""
    weights = replace(LLAMA_70B.weights, file="q3.gguf", file_bytes=31 * 10**9)
    geometry = replace(LLAMA_70B.geometry, quantisation="Q3_K_M")
    small = replace(LLAMA_70B, weights=weights, geometry=geometry, num_slots=1)
    model = replace(CATALOG.models["llama-3-70b"], id="low", full=small, small=small, aliases=())
    catalog = replace(CATALOG, models={**CATALOG.models, "low": model})
    found = nearest(LLAMA_70B, replace(GPU80, gpu_memory_bytes=45 * GI), shelf(catalog))
    assert "Q3_K_M (q3.gguf)" in [each.text for each in found]


def test_without_a_larger_profile_of_its_kind_the_other_kind_is_told() -> None:
    """A CPU model that no CPU profile holds may fit a GPU."""
    huge = replace(LLAMA_70B, num_slots=8)
    assert [each.text for each in nearest(huge, cpu(8 * GI), SHELF)] == ["profile cpu-64g"]
    without = replace(SHELF, profiles=tuple(each for each in SHELF.profiles if each.name != "cpu-64g"))
    assert [each.text for each in nearest(huge, cpu(8 * GI), without)] == ["profile gpu80-48g"]


def test_a_refusal_names_the_model_the_numbers_and_what_fits() -> None:
    """One sentence, which a preview shows as it is."""
    (found,) = misfits([("slipway:models.qwen2-5-32b", replace(QWEN_32B, num_slots=4), GPU24)], SHELF)
    assert found == (
        "slipway:models.qwen2-5-32b does not fit the GPU of gpu24-20g: weights 18.08 GiB + KV cache (4 x 4096 tokens) "
        "4.00 GiB + compute buffers 0.21 GiB + CUDA 0.62 GiB = 22.92 GiB of 22.02 GiB; fits: context_tokens 3072 "
        "instead of 4096, or num_slots 3 instead of 4, or profile gpu40-32g"
    )


def test_what_nothing_holds_is_told() -> None:
    """Rather than a list of nothing."""
    huge = shaped(replace(LLAMA_70B, weights=replace(LLAMA_70B.weights, file_bytes=10**13)), num_embedding=8193)
    (found,) = misfits([("m", huge, GPU80)], SHELF)
    assert found.endswith("; nothing in the catalog fits it")


def test_what_fits_is_not_told() -> None:
    """No news."""
    assert not list(misfits([("m", LLAMA_70B, GPU80)], SHELF))


@settings(deadline=None)
@given(sizes, profiles, slots, contexts)
def test_whatever_is_told_does_fit_and_one_more_would_not(size: Size, profile: Profile, num: int, tokens: int) -> None:
    """Slots and contexts are the most that fit; profiles are there."""
    asked = replace(size, num_slots=num, context_tokens=tokens)
    if prove(asked, profile).does_fit:
        return
    found = nearest(asked, profile, SHELF)
    assert list(found) == sorted(found, key=lambda each: (each.change, each.text))
    for each in found:
        if match := re.match(r"num_slots (\d+)", each.text):
            most = int(match[1])
            assert prove(replace(asked, num_slots=most), profile).does_fit
            assert most + 1 == num or not prove(replace(asked, num_slots=most + 1), profile).does_fit
        elif match := re.match(r"context_tokens (\d+)", each.text):
            most = int(match[1])
            assert prove(replace(asked, context_tokens=most), profile).does_fit
            assert most + 256 >= tokens or not prove(replace(asked, context_tokens=most + 256), profile).does_fit
        elif match := re.match(r"profile (\S+)", each.text):
            assert prove(asked, CATALOG.profiles[match[1]]).does_fit
