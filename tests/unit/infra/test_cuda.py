"""Which compiled code runs on which GPU."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import cuda, hardware
from infra.catalog.load import load_catalog
from infra.settings import words
from tests.unit.infra.recorder import ROOT

KINDS = ("", "-real", "-virtual")
COMPUTES = sorted({hardware.compute_of(name) for name in hardware.products()} - {0})
architectures = st.builds(cuda.Architecture, st.sampled_from(cuda.KNOWN), st.just(""), st.sampled_from(KINDS))


@pytest.mark.parametrize(
    ("written", "compute", "can"),
    [
        ("75-real", 75, True),
        ("75-real", 80, False),
        ("75-virtual", 120, True),
        ("75", 90, True),
        ("80-real", 75, False),
        ("80-real", 89, True),
        ("89-real", 80, False),
        ("90-real", 90, True),
        ("90a-real", 90, True),
        ("90a", 100, False),
        ("100-real", 103, True),
        ("100f", 103, True),
        ("100f", 120, False),
        ("120-virtual", 103, False),
        ("80-real", 0, False),
    ],
)
def test_code_runs_on_its_generation_and_what_is_translated_on_all_later_ones(
    written: str, compute: int, can: bool
) -> None:
    """By the rules of NVIDIA's compatibility guide."""
    assert cuda.parse(written).can_run_on(compute) is can


@given(architectures)
def test_what_is_written_is_read_back(architecture: cuda.Architecture) -> None:
    """As CMake writes it."""
    assert cuda.parse(str(architecture)) == architecture


@pytest.mark.parametrize("text", ["", "70", "80a", "90f", "80_real", "80-Real", "80-real ", "800", "x", "-real"])
def test_what_the_compiler_does_not_know_is_refused(text: str) -> None:
    """With all that it knows."""
    with pytest.raises(ValueError, match=r"allowed: 75, 80, 86, .* such as 80-real"):
        cuda.parse(text)


@given(st.sampled_from(COMPUTES))
def test_what_is_missing_is_enough(compute: int) -> None:
    """And where nothing would be, that is said."""
    missing = cuda.missing([compute])
    if missing is None:
        assert compute < cuda.KNOWN[0]
    else:
        assert all(each.can_run_on(compute) for each in missing)


def test_several_gpus_of_one_generation_miss_one_architecture() -> None:
    """An A10 and an L4 run the code of an A100."""
    assert [str(each) for each in cuda.missing([86, 89, 75, 80]) or ()] == ["75-real", "80-real"]
    assert cuda.missing([90, 70]) is None


def test_the_default_runs_on_every_gpu_of_the_catalog() -> None:
    """It is that of the Dockerfile, too."""
    compiled = [cuda.parse(each) for each in words.CUDA_ARCHITECTURES]
    for profile in load_catalog().profiles.values():
        assert cuda.strangers(profile.gpu_products, compiled) == {}, profile.name
    found = re.search(r"^ARG CUDA_ARCHITECTURES=(.*)$", (ROOT / "image" / "Dockerfile").read_text(), re.MULTILINE)
    assert found is not None
    assert found[1].split(";") == list(words.CUDA_ARCHITECTURES)


def test_every_gpu_of_nvidia_has_a_capability() -> None:
    """One that the table forgot would be taken for one that runs no CUDA."""
    others = {name for name in hardware.products() if hardware.compute_of(name) == 0}
    assert {re.split(r"[-_ \d]", name.lower())[0] for name in others} == {"gaudi", "amd", "mi"}
