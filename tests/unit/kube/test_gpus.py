"""How GPUs of containers and pods are counted."""

from __future__ import annotations

from typing import Any

import pytest

from kube import gpus
from kube.objects import Object, Pod
from kube.unknown import UNKNOWN
from kube.view import Trace


def pod(**spec: Any) -> Pod:
    """A pod with that spec."""
    return Object({"kind": "Pod", "metadata": {"name": "a"}, "spec": spec}).pods(Trace())[0]


def container(resources: Any) -> Any:
    """The view of a container with those resources."""
    return pod(containers=[{"name": "a", "resources": resources}]).containers[0]


@pytest.mark.parametrize(
    "name",
    [*gpus.RESOURCES, "nvidia.com/mig-1g.10gb"],
)
def test_every_maker_s_gpu_counts(name: str) -> None:
    """Whole GPUs and slices are GPUs, whoever made them."""
    assert gpus.requests(container({"limits": {name: 2}})) == 2


@pytest.mark.parametrize("name", ["cpu", "nvidia.com/hostdev", "example.com/nvidia.com/gpu", "nvidia.com/gpu-memory"])
def test_other_resources_do_not_count(name: str) -> None:
    """Only GPUs are counted."""
    assert gpus.requests(container({"limits": {name: 2}})) == 0


@pytest.mark.parametrize(
    ("resources", "count"),
    [
        (None, 0),
        ({}, 0),
        ({"limits": {}, "requests": {}}, 0),
        ({"requests": {"nvidia.com/gpu": "3"}}, 3),
        ({"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "3"}}, 2),
        ({"limits": {"nvidia.com/gpu": 1, "amd.com/gpu": 2}}, 3),
        ({"limits": {"nvidia.com/gpu": "many"}}, 0),
        ({"limits": {"nvidia.com/gpu": None}}, 0),
        ({"limits": {"nvidia.com/gpu": 0}}, 0),
        ({"limits": "wrong"}, 0),
    ],
)
def test_the_limit_counts_and_a_request_stands_in_for_it(resources: Any, count: int) -> None:
    """Limits first; requests where there is no limit; nothing for what is no quantity."""
    assert gpus.requests(container(resources)) == count


@pytest.mark.parametrize(
    "resources",
    [
        UNKNOWN,
        {"limits": UNKNOWN},
        {"requests": UNKNOWN},
        {"limits": {"nvidia.com/gpu": UNKNOWN}},
        {"limits": {"nvidia.com/gpu": UNKNOWN, "amd.com/gpu": 1}},
    ],
)
def test_a_count_that_only_up_knows_is_unknown(resources: Any) -> None:
    """Wherever the unknown sits, the sum is unknown."""
    assert gpus.requests(container(resources)) is UNKNOWN


@pytest.mark.parametrize("resources", [{"limits": {"nvidia.com/gpu": 1}, "requests": UNKNOWN}])
def test_unknown_requests_do_not_matter_beside_a_limit(resources: Any) -> None:
    """A request of GPUs must equal the limit anyhow."""
    assert gpus.requests(container(resources)) == 1


def gpu(count: Any) -> dict[str, Any]:
    """A container that asks for so many GPUs."""
    return {"name": "a", "resources": {"limits": {"nvidia.com/gpu": count}}}


def test_a_pod_holds_the_gpus_of_its_containers_together() -> None:
    """Main containers and sidecars run at the same time."""
    assert gpus.of_pod(pod(containers=[gpu(1), gpu(2)], initContainers=[{**gpu(4), "restartPolicy": "Always"}])) == 7


def test_an_init_container_counts_where_it_needs_more() -> None:
    """Init containers run one by one, before the others."""
    assert gpus.of_pod(pod(containers=[gpu(1)], initContainers=[gpu(4), gpu(3)])) == 4
    assert gpus.of_pod(pod(containers=[gpu(1)], initContainers=[gpu(3), gpu(4)])) == 4
    assert gpus.of_pod(pod(containers=[gpu(5)], initContainers=[gpu(4)])) == 5


def test_a_pod_without_containers_holds_none() -> None:
    """Nothing is asked for."""
    assert gpus.of_pod(pod()) == 0


@pytest.mark.parametrize(
    "spec",
    [
        {"containers": UNKNOWN},
        {"containers": [gpu(UNKNOWN)]},
        {"containers": [gpu(1)], "initContainers": [gpu(UNKNOWN)]},
        {"containers": [gpu(1)], "initContainers": UNKNOWN},
    ],
)
def test_the_gpus_of_a_pod_can_be_unknown(spec: dict[str, Any]) -> None:
    """One unknown container makes the pod unknown."""
    assert gpus.of_pod(pod(**spec)) is UNKNOWN
