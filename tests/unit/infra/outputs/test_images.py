"""Which images an output names."""

from __future__ import annotations

import dataclasses
import json

import pytest

from infra.errors import RenderError
from infra.outputs import images
from tests.unit.infra.outputs.samples import changed
from tests.unit.infra.recorder import DIGEST, stack_plan

REF = f"registry.example.com/slipway/serve@{DIGEST}"


def problems(*flags: str, outputs: str | None = None) -> tuple[str, ...]:
    """What `local` is refused for, which needs two images."""
    with pytest.raises(RenderError) as caught:
        images.resolve(stack_plan("local"), images.given(flags, outputs), allow_tags=False)
    return caught.value.problems


def test_every_image_without_a_digest_is_named_with_what_would_do() -> None:
    """All of them at once."""
    found = problems()
    assert [text.split(":")[0] for text in found] == ["image serve", "image gemma-3-270m-weights"]
    assert all("--image" in text and "--outputs" in text and "--allow-tags" in text for text in found)


def test_a_tag_is_no_digest() -> None:
    """What it names may change."""
    [first, _] = problems("registry.example.com/serve:1")
    assert "'registry.example.com/serve:1' is not allowed; allowed: NAME@sha256" in first


@pytest.mark.parametrize("flag", ["=x", "serve=", "serve=a b", "serve=a@sha256:12"])
def test_what_is_no_reference_is_told(flag: str) -> None:
    """With what is allowed."""
    with pytest.raises(RenderError, match="is not allowed; allowed: NAME@sha256"):
        images.given([flag], None)


def test_a_name_that_the_stack_has_not_is_told() -> None:
    """A typo would else be left out in silence."""
    plan = stack_plan("staging")
    with pytest.raises(RenderError, match="legal-weight: no such image; allowed: serve"):
        images.resolve(plan, images.given([REF, f"legal-weight={REF}"], None), allow_tags=False)


def test_digests_come_from_flags_and_else_from_a_stacks_outputs() -> None:
    """A flag wins."""
    outputs = json.dumps({"images": {"serve": "old", "gemma-3-270m-weights": REF}, "urls": {}})
    known = images.given([REF], outputs)
    found = images.resolve(stack_plan("local"), known, allow_tags=False)
    assert found.known == {"serve": REF, "gemma-3-270m-weights": REF}
    assert found.images(stack_plan("local")).weights == {"gemma-3-270m": REF}
    assert images.given([], json.dumps({"image": REF})) == {"serve": REF}  # of an older program


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"images": 1}'])
def test_outputs_that_are_none_are_told(text: str) -> None:
    """Not as a traceback."""
    with pytest.raises(RenderError, match="--outputs: has no images; allowed: what `pulumi stack output --json`"):
        images.given([], text)


def test_tags_are_taken_where_they_are_allowed() -> None:
    """Those under which `pulumi up` pushes."""
    found = images.resolve(stack_plan("staging"), {}, allow_tags=True)
    assert found.known == {"serve": "registry.example.com/slipway/serve:staging"}


def test_the_stack_file_may_name_the_image() -> None:
    """Then no flag is needed."""
    plan = changed("staging", image={"registry": "registry.example.com", "ref": REF})
    assert images.resolve(plan, {}, allow_tags=False).known == {"serve": REF}


def test_models_on_gpus_and_what_they_mount_have_names_of_their_own() -> None:
    """A digest is asked for each, and each model gets that of its hardware."""
    volume = {"registry": "registry.example.com", "cublas": "volume"}
    plan = changed("prod", image=volume, cluster={"context": "a", "version": "1.36"})
    assert images.needed(plan) == {
        "serve": "registry.example.com/slipway/serve:prod",
        "serve-cuda": "registry.example.com/slipway/serve:prod-cuda",
        "cublas": "registry.example.com/slipway/serve-cublas:prod",
    }
    found = images.resolve(plan, {}, allow_tags=True).images(plan)
    of = {model.id: found.of(model) for model in plan.models}
    assert (of["legal"].serve, of["gpt-oss"].serve) == (found.serve, found.cuda)


def test_the_stack_file_may_name_the_image_for_gpus_too() -> None:
    """Then no flag is needed for either."""
    named = {"registry": "registry.example.com", "ref": REF, "cuda_ref": f"{REF[:-4]}0000", "cublas": "inside"}
    known = images.resolve(changed("prod", image=named), {}, allow_tags=False).known
    assert known == {"serve": REF, "serve-cuda": f"{REF[:-4]}0000"}


def test_baked_images_are_one_a_model() -> None:
    """Beside that which they are made from."""
    plan = stack_plan("staging")
    plan = dataclasses.replace(plan, models=plan.models[:1])
    assert set(images.needed(plan, baked=True)) == {"serve", plan.models[0].id}
