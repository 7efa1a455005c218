"""Resource plans of SAP AI Core."""

from __future__ import annotations

import dataclasses

import pytest

from infra.outputs import aicore_plans
from infra.plan import Plan
from tests.unit.infra.outputs.samples import CATALOG, baked, changed
from tests.unit.infra.recorder import stack_plan


def problems(plan: Plan) -> list[str]:
    """All of them."""
    return list(aicore_plans.problems(plan, CATALOG))


def on(plan: Plan, resource_plan: str, *models: str) -> Plan:
    """With another plan of resources, for some models."""
    aicore = dataclasses.replace(plan.aicore, resource_plan=resource_plan)
    return dataclasses.replace(plan, aicore=aicore, models=tuple(each for each in plan.models if each.id in models))


def test_every_gpu_of_the_table_has_a_known_memory() -> None:
    """Else nothing could be proven of it."""
    for profile in aicore_plans.profiles().values():
        assert (profile.num_gpus > 0) == (profile.gpu_memory_bytes > 0), profile.name


def test_small_models_fit_the_common_plan() -> None:
    """All seven of staging."""
    assert problems(stack_plan("staging")) == []


def test_what_does_not_fit_is_told_with_numbers_and_with_what_does() -> None:
    """By the same proof as in a cluster."""
    [problem] = problems(on(stack_plan("prod"), "infer.m", "llama-3-70b"))
    assert "slipway:aicore.resource_plan: llama-3-70b: does not fit the GPU of infer.m: weights 39" in problem
    assert "no plan known here fits; allowed: leave it out" in problem
    [problem] = problems(on(stack_plan("staging"), "starter", "legal"))
    assert "; allowed: basic" in problem


def test_a_model_on_gpus_needs_a_plan_with_one() -> None:
    """The image that it runs is another one."""
    [problem] = problems(on(stack_plan("prod"), "basic.8x", "gpt-oss"))
    assert "gpt-oss: needs 1 GPU, basic.8x has none; allowed: infer.s, infer.m, infer.l" in problem


def test_a_gpu_that_runs_none_of_the_compiled_code_is_told() -> None:
    """train.l has a V100, which CUDA 13 knows no more."""
    [problem] = problems(on(stack_plan("prod"), "train.l", "gpt-oss"))
    assert "gpt-oss: the GPU of train.l, Tesla-V100-SXM2-16GB, runs none of 75-real, 80-real, 90-real" in problem
    assert problem.endswith("allowed: infer.s, infer.m, infer.l")


def test_what_a_node_would_have_to_mount_can_only_be_inside() -> None:
    """AI Core mounts no images, those of libraries no more than those of weights."""
    image = {"registry": "registry.example.com", "cublas": "volume"}
    plan = changed("prod", image=image, cluster={"context": "a", "version": "1.36"})
    [problem] = problems(on(plan, "infer.m", "gpt-oss"))
    assert "slipway:image.cublas: 'volume' can't be for gpt-oss: AI Core mounts no image; allowed: 'inside'" in problem


def test_a_plan_that_is_not_known_is_taken_as_it_is() -> None:
    """SAP adds some; nothing is proven then, and nothing is cut off."""
    plan = on(stack_plan("prod"), "infer9.xl", "llama-3-70b")
    assert problems(plan) == []
    asked = plan.models[0].resources
    assert aicore_plans.within(asked, "infer9.xl") == asked


@pytest.mark.parametrize("name", ["starter", "infer.s", "basic.8x"])
def test_no_pod_asks_for_more_than_the_plan_has(name: str) -> None:
    """No node would take it."""
    profile = aicore_plans.profiles()[name]
    for model in stack_plan("prod").models:
        asked = aicore_plans.within(model.resources, name)
        assert asked.cpu_m <= asked.cpu_limit_m <= profile.cpu_m
        assert asked.memory_bytes <= profile.memory_bytes


def test_weights_in_an_image_can_only_be_baked() -> None:
    """AI Core mounts no images."""
    plan = changed("local", aicore={"resource_plan": "basic"})
    [problem] = problems(plan)
    assert "slipway:aicore.weights: 'runtime' can't fetch gemma-3-270m" in problem
    assert problems(baked(plan)) == []
