"""The models that pods serve."""

from __future__ import annotations

from infra.manifests import model as manifests
from infra.manifests.pod import PodImages
from kube.objects import Object, Stack
from policies.facts import served_models
from tests.unit.infra.recorder import stack_plan


def test_slipways_own_pods_are_read_as_the_program_writes_them() -> None:
    """Their files, sizes below the real ones, and room for every conversation."""
    plan = stack_plan("prod")
    for model in plan.models:
        deployment = manifests.deployment(plan, model, model.base, PodImages("image"))
        objects = [manifests.models_config(plan, model), deployment]
        stack = Stack(tuple(Object(each) for each in objects))
        [served] = [each for pod in stack.pods for each in served_models.of_pod(stack, pod)]
        assert served.name == f"/models/{model.weights.file}"
        assert served.weights_bytes is None or served.weights_bytes <= model.weights.volume_bytes / 1.1
