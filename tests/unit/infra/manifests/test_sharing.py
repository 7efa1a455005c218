"""How pods ask for GPUs."""

from typing import Any

import pytest

from infra.manifests.model import deployment
from infra.manifests.pod import PodImages
from infra.manifests.sharing import device_claims
from infra.plan import Plan
from tests.unit.infra.plan.stacks import GPU, one, plan

DRA: dict[str, Any] = {"gpu": {"sharing": "dra"}, "cluster": {"version": "1.36"}}
ON_GPU = one(GPU, profile="gpu24-20g")


def pod(stack: Plan) -> dict[str, Any]:
    """Of the only model."""
    (model,) = stack.models
    spec: dict[str, Any] = deployment(stack, model, model.base, PodImages("image"))["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize(
    ("gpu", "resource"),
    [
        ({}, "nvidia.com/gpu"),
        ({"sharing": "time-slicing", "replicas_per_gpu": 3}, "nvidia.com/gpu"),
        ({"sharing": "mps"}, "nvidia.com/gpu"),
        ({"sharing": "mig", "mig_profile": "1g.24gb"}, "nvidia.com/mig-1g.24gb"),
    ],
)
def test_a_container_asks_for_one_of_its_resource(gpu: dict[str, Any], resource: str) -> None:
    """The request equals the limit, as it must."""
    resources = pod(plan({"gpu": gpu}, ON_GPU))["containers"][0]["resources"]
    for part in ("requests", "limits"):
        assert {name: count for name, count in resources[part].items() if "nvidia" in name} == {resource: "1"}
    assert "claims" not in resources


def test_a_pod_claims_its_device_by_a_template() -> None:
    """Each pod has a claim of its own; no resource is asked for beside it."""
    stack = plan(DRA, ON_GPU)
    (template,) = device_claims(stack, stack.models[0])
    spec = pod(stack)
    name = template["metadata"]["name"]
    assert spec["resourceClaims"] == [{"name": "gpu", "resourceClaimTemplateName": name}]
    (container,) = spec["containers"]
    assert container["resources"]["claims"] == [{"name": "gpu"}]
    assert not [each for part in ("requests", "limits") for each in container["resources"][part] if "nvidia" in each]


def test_a_claim_wants_a_device_that_is_large_enough() -> None:
    """NVIDIA's driver tells the memory; of another class it is not known how."""
    (request,) = _requests(plan(DRA, ON_GPU))
    assert request["exactly"]["deviceClassName"] == "gpu.nvidia.com"
    (selector,) = request["exactly"]["selectors"]
    assert selector["cel"]["expression"] == (
        'device.capacity["gpu.nvidia.com"].memory.compareTo(quantity("23028Mi")) >= 0'
    )
    other = {"gpu": {"sharing": "dra", "device_class": "large.example.com"}}
    (request,) = _requests(plan(DRA, other, ON_GPU))
    assert request["exactly"] == {"deviceClassName": "large.example.com", "allocationMode": "ExactCount", "count": 1}


def test_another_wish_is_another_template() -> None:
    """A template can't be changed."""
    other = {"gpu": {"sharing": "dra", "device_class": "large.example.com"}}
    stacks = [plan(DRA, ON_GPU), plan(DRA, other, ON_GPU), plan(DRA, one(GPU, profile="gpu80-48g"))]
    names = [device_claims(stack, stack.models[0])[0]["metadata"]["name"] for stack in stacks]
    assert len(set(names)) == 3


def test_only_dra_makes_templates() -> None:
    """Nothing else knows the kind."""
    for stack in (plan(ON_GPU), plan(one("legal"))):
        assert device_claims(stack, stack.models[0]) == []


def _requests(stack: Plan) -> list[dict[str, Any]]:
    (template,) = device_claims(stack, stack.models[0])
    requests: list[dict[str, Any]] = template["spec"]["spec"]["devices"]["requests"]
    return requests
