"""The smallest profile that holds a model."""

from dataclasses import replace

import pytest

from infra.catalog.load import load_catalog
from infra.errors import PlanError
from infra.fit.proof import prove
from slipway.models.choose import choose_profile, parameters_in_use

CATALOG = load_catalog()
PROFILES = list(CATALOG.profiles.values())


@pytest.mark.parametrize(
    ("model", "profile"),
    [
        ("gemma-3-270m", "cpu-tiny"),
        ("summary", "cpu-4g"),
        ("risk", "cpu-6g"),
        ("legal", "cpu-8g"),
        ("qwen2-5-32b", "gpu24-20g"),
        ("llama-3-70b", "gpu80-48g"),
    ],
)
def test_what_the_catalog_has_by_hand_is_chosen(model: str, profile: str) -> None:
    """Small ones on a CPU, large ones on the smallest GPU."""
    assert choose_profile(CATALOG.models[model].full, PROFILES).name == profile


def test_a_mixture_of_experts_counts_what_a_token_passes() -> None:
    """gpt-oss has 21 thousand million parameters, of which 4 work at a time: a CPU will do."""
    size = CATALOG.models["gpt-oss"].full
    assert 3.5e9 < parameters_in_use(size.geometry) < 4.5e9
    assert choose_profile(size, PROFILES).num_gpus == 0


def test_the_other_kind_is_better_than_nothing() -> None:
    """A large model where there are only CPUs."""
    cpus = [each for each in PROFILES if not each.num_gpus]
    assert choose_profile(CATALOG.models["llama-3-70b"].full, cpus).name == "cpu-64g"


def test_a_model_that_nothing_holds_is_refused_with_numbers() -> None:
    """Of the largest that there is."""
    huge = CATALOG.models["llama-3-70b"].full
    huge = replace(huge, weights=replace(huge.weights, file_bytes=10**12))
    assert not any(prove(huge, each).does_fit for each in PROFILES)
    with pytest.raises(PlanError, match=r"does not fit the GPU of gpu80-48g: .* and that is the largest profile"):
        choose_profile(huge, PROFILES)
