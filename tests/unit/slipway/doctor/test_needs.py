"""What a stack's objects take from a cluster."""

import pytest

from infra.cost.plan_objects import plan_objects
from slipway.doctor import needs
from tests.unit.infra.recorder import STACKS, stack_plan

POD = {
    "containers": [{"resources": {"limits": {"nvidia.com/gpu": "2", "cpu": "1"}}}, {"resources": None}],
    "volumes": [{"name": "a", "image": {"reference": "a"}}],
}
OBJECTS = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}},
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "m"}, "spec": {"template": {"spec": POD}}},
    {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "c"},
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {}}}}},
    },
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "p", "namespace": "a"},
        "spec": {"storageClassName": "fast", "accessModes": ["ReadWriteMany"]},
    },
    {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"metrics": [{"type": "Pods"}]},
    },
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "i"},
        "spec": {"ingressClassName": "x"},
    },
    {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": "r"},
        "spec": {"spec": {"devices": {"requests": [{"name": "g", "exactly": {"deviceClassName": "gpu.nvidia.com"}}]}}},
    },
]  # fmt: skip


def test_needs_are_read_off_the_objects() -> None:
    """Classes, modes, metrics, GPUs and image volumes of whatever has pods."""
    found = needs.of("prod", OBJECTS)
    assert found.namespaces == ("a",)
    assert found.claims == {("fast", "ReadWriteMany")}
    assert found.metrics == {"Pods"}
    assert found.ingress_classes == {"x"}
    assert found.device_classes == {"gpu.nvidia.com"}
    assert [(each.name, dict(each.gpus)) for each in found.workloads] == [
        ("Deployment m", {"nvidia.com/gpu": 2}),
        ("CronJob c", {}),
    ]
    assert found.uses_image_volumes
    assert found.has_group("batch")
    assert not found.has_group("keda.sh")
    assert found.has_kind("Ingress")


@pytest.mark.parametrize("stack", STACKS)
def test_every_stack_of_ours_has_needs_that_can_be_read(stack: str) -> None:
    """Whatever its objects are."""
    found = needs.of(stack, plan_objects(stack_plan(stack)))
    assert found.namespaces
    assert found.workloads
    assert found.claims


def test_without_a_stack_nothing_is_needed() -> None:
    """But Kubernetes itself."""
    found = needs.Needs()
    assert not found.uses_image_volumes
    assert not found.has_kind("Ingress")
