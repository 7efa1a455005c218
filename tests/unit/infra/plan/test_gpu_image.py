"""What models on GPUs need of their image, and what a preview says of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from infra import names
from infra.catalog.types import Catalog, Layers
from infra.errors import PlanError
from infra.plan import make_plan
from infra.plan.server import why_cublas
from tests.unit.infra.plan.stacks import CATALOG, GPU, config, model, one, plan

ON_GPU = one(GPU, profile="gpu24-20g")
EXPERTS = one("gpt-oss", profile="gpu24-22g")
NEW = {"cluster": {"version": "1.36"}}
REF = f"registry.example.com/serve@sha256:{'ab' * 32}"


def image(**keys: Any) -> dict[str, Any]:
    """Keys of the image."""
    return {"image": keys}


def refused(*groups: dict[str, Any], catalog: Catalog = CATALOG) -> list[str]:
    """What a preview refuses it for."""
    with pytest.raises(PlanError) as caught:
        make_plan(config(*groups), catalog)
    return list(caught.value.problems)


def told(*groups: dict[str, Any]) -> list[str]:
    """What it says of GPUs' images."""
    return [each.text for each in plan(*groups).notices if "cuda_ref" in each.text]


def catalog_with(product: str) -> Catalog:
    """One whose GPUs of 24 GB are others."""
    profile = dataclasses.replace(CATALOG.profiles["gpu24-20g"], gpu_products=("NVIDIA-L4", product))
    return dataclasses.replace(CATALOG, profiles={**CATALOG.profiles, "gpu24-20g": profile})


def test_a_model_on_a_gpu_demands_it() -> None:
    """One that answered by its CPU would cost as much and be slower than none; others leave the server its default."""
    assert model(ON_GPU).server.variant == "cuda"
    assert model(ON_GPU).server.env["SLIPWAY_GPU"] == "required"
    assert model(one(GPU)).server.variant == "cpu"
    assert "SLIPWAY_GPU" not in model(one(GPU)).server.env


@pytest.mark.parametrize(
    ("product", "said"),
    [
        ("NVIDIA-B200", "NVIDIA-B200 has compute capability 10.0; allowed: 100-real, too, or another profile"),
        ("Tesla-V100-PCIE-16GB", "Tesla-V100-PCIE-16GB has compute capability 7.0; allowed: another profile"),
        ("mi300x", "mi300x has no CUDA at all; allowed: another profile"),
    ],
)
def test_a_gpu_that_runs_none_of_the_code_is_refused_with_the_numbers(product: str, said: str) -> None:
    """A pod may land on any GPU of its profile."""
    [problem] = refused(ON_GPU, catalog=catalog_with(product))
    assert problem.startswith(
        "slipway:image.cuda_architectures: 75-real, 80-real, 90-real don't run on all GPUs of gpu24-20g (qwen2-5-32b): "
    )
    assert problem.endswith(said)


def test_what_is_said_to_be_missing_is_enough() -> None:
    """The stack that follows the advice goes up."""
    [problem] = refused(ON_GPU, image(cuda_architectures=["90-real"]))
    assert "allowed: 80-real, too" in problem
    assert plan(ON_GPU, image(cuda_architectures=["90-real", "80-real"])).models


@pytest.mark.parametrize("quantisation", ["F16", "BF16", "F32", "IQ1_M"])
def test_weights_that_ggml_has_no_kernels_for_need_cublas(quantisation: str) -> None:
    """Quantised ones of a dense model don't; the routers of experts are F32 whatever else is quantised."""
    dense = CATALOG.models["legal"].full.geometry
    assert why_cublas(dense) is None
    assert quantisation in str(why_cublas(dataclasses.replace(dense, quantisation=quantisation)))
    recurrent = dataclasses.replace(dense, layers=(Layers(count=2, state_bytes=4096),))
    assert "state-space" in str(why_cublas(recurrent))
    assert "routers" in str(why_cublas(CATALOG.models["gpt-oss"].full.geometry))


def test_of_the_catalog_one_model_needs_it() -> None:
    """Which prod is set for."""
    needing = {each.id for each in CATALOG.models.values() if why_cublas(each.full.geometry)}
    assert needing == {"gpt-oss"}


def test_a_model_that_needs_cublas_where_none_is_is_refused() -> None:
    """It would end at its first longer prompt. On a CPU it needs none."""
    [problem] = refused(EXPERTS)
    assert "'forward' brings no cuBLAS, which gpt-oss needs on a GPU: the routers of its experts are F32" in problem
    assert problem.endswith("allowed: 'inside', 'volume' (from Kubernetes 1.35 on), or a cpu-* profile for it")
    assert plan(one("gpt-oss")).models


@pytest.mark.parametrize(("cublas", "mounts"), [("inside", False), ("volume", True)])
def test_cublas_is_in_the_image_or_on_a_volume_of_who_needs_it(cublas: str, mounts: bool) -> None:
    """The server is told where it is mounted; in the image it looks there by itself."""
    server = model(EXPERTS, NEW, image(cublas=cublas)).server
    assert server.mounts_cublas is mounts
    assert server.env.get("SLIPWAY_CUBLAS") == (names.CUBLAS_DIR if mounts else None)
    assert not model(ON_GPU, NEW, image(cublas=cublas)).server.mounts_cublas


def test_gpus_need_the_platform_that_their_image_is_built_for() -> None:
    """Unless somebody else has built it."""
    arm = {"platforms": ["linux/arm64"], "cpu_variants": "baseline"}
    [problem] = refused(ON_GPU, image(**arm))
    assert problem.startswith("slipway:image.platforms: the image for GPUs is built for linux/amd64 alone, and qwen2-5")
    assert plan(ON_GPU, image(**arm, cuda_ref=REF)).models
    assert plan(one(GPU), image(**arm)).models


def test_how_long_a_first_build_takes_is_told_where_there_is_one() -> None:
    """And the key that takes an image instead; a key that nothing reads is told, too."""
    [text] = told(ON_GPU)
    assert "compiles for about 60 minutes on two cores, 3 architectures; slipway:image.cuda_ref takes one" in text
    assert told(ON_GPU, image(cuda_ref=REF)) == told(one(GPU)) == []
    assert told(one(GPU), image(cuda_ref=REF)) == [
        "slipway:image.cuda_ref: no model of the stack is on a GPU, so nothing uses it"
    ]
