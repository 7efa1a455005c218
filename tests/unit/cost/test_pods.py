"""What one pod reserves, how long it loads, what it downloads."""

from typing import Any

import pytest

from infra.cost import pods, sizes
from infra.cost.types import Resources
from infra.units import GI, MI
from tests.unit.cost.manifests import UNKNOWN, pod_of, pod_spec


def container(cpu: Any = None, memory: Any = None, **fields: Any) -> dict[str, Any]:
    """With these requests."""
    requests = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value is not None}
    return {"resources": {"requests": requests}, **fields}


def test_containers_that_run_together_add_up() -> None:
    """1 + 0.5 cores."""
    spec = {"containers": [container("1", "4Gi"), container("500m", "1Gi")]}
    assert pods.requests_of(pod_of(spec)) == Resources(1500, 5 * GI)


def test_an_init_container_counts_where_it_needs_more() -> None:
    """Resource by resource: cores of the init container, memory of the main one."""
    spec = {"initContainers": [container("4", "1Gi")], "containers": [container("1", "4Gi")]}
    assert pods.requests_of(pod_of(spec)) == Resources(4000, 4 * GI)


def test_a_sidecar_runs_beside_all_that_starts_after_it() -> None:
    """Init with 2 cores beside the sidecar's 1: 3; running 1 + 1. An init container before the sidecar has it not."""
    sidecar = container("1", None, restartPolicy="Always")
    after = {"initContainers": [sidecar, container("2")], "containers": [container("1")]}
    before = {"initContainers": [container("2"), sidecar], "containers": [container("500m")]}
    assert pods.requests_of(pod_of(after)).cpu_m == 3000
    assert pods.requests_of(pod_of(before)).cpu_m == 2000


def test_a_limit_without_a_request_is_the_request() -> None:
    """As the API server sets it."""
    spec = {"containers": [{"resources": {"limits": {"cpu": "2", "memory": "3Gi", "nvidia.com/gpu": 1}}}]}
    assert pods.requests_of(pod_of(spec)) == Resources(2000, 3 * GI, 1)


def test_the_overhead_of_a_runtime_comes_on_top() -> None:
    """Of sandboxed pods."""
    spec = pod_spec("1", "1Gi", overhead={"cpu": "250m", "memory": "160Mi"})
    assert pods.requests_of(pod_of(spec)) == Resources(1250, GI + 160 * MI)


def test_resources_of_the_pod_as_a_whole_count() -> None:
    """More than its containers ask for."""
    spec = pod_spec("1", "1Gi", resources={"requests": {"cpu": "3"}})
    assert pods.requests_of(pod_of(spec)) == Resources(3000, GI)


def test_unknown_requests_count_nothing_and_are_noted() -> None:
    """The view remembers what could not be read."""
    pod = pod_of(pod_spec(UNKNOWN, "1Gi"))
    assert pods.requests_of(pod) == Resources(0, GI)
    assert [path for _, path in pod.template.trace.unknown] == ["spec.containers[0].resources.requests.cpu"]


def test_an_absurd_request_is_refused() -> None:
    """The whole pod is."""
    with pytest.raises(sizes.Refused, match="negative"):
        pods.requests_of(pod_of(pod_spec("-1")))


@pytest.mark.parametrize(
    ("fields", "load_s"),
    [
        ({}, 60),
        ({"startupProbe": {"periodSeconds": 2, "failureThreshold": 362}}, 362),
        ({"startupProbe": {}}, 60),
        ({"startupProbe": {"initialDelaySeconds": 120, "periodSeconds": 10, "failureThreshold": 60}}, 360),
        ({"readinessProbe": {"initialDelaySeconds": 90}}, 90),
        ({"startupProbe": {"periodSeconds": 10**9, "failureThreshold": 10**9}}, 86400),
        ({"startupProbe": {"periodSeconds": "x"}}, 60),
    ],
)
def test_a_pod_loads_half_as_long_as_its_startup_probe_allows(fields: dict[str, Any], load_s: int) -> None:
    """2 s x 362 / 2 = 362 s; at least a minute, at most a day."""
    assert pods.load_s(pod_of({"containers": [{"name": "main", **fields}]})) == load_s


def gpu_pod(*volumes: dict[str, Any]) -> dict[str, Any]:
    """A pod with one GPU."""
    return {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}], "volumes": list(volumes)}


def test_weights_in_a_scratch_volume_are_downloaded_at_each_start() -> None:
    """The largest one; small ones hold something else."""
    scratch = {"name": "cache", "emptyDir": {"sizeLimit": "40Gi"}}
    small = {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}
    assert pods.pulls_bytes(pod_of(gpu_pod(small, scratch))) == 40 * GI
    assert pods.pulls_bytes(pod_of(gpu_pod(small))) == 0


def test_a_volume_keeps_weights() -> None:
    """Then a start reads them from there."""
    claim = {"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}
    scratch = {"name": "cache", "emptyDir": {"sizeLimit": "40Gi"}}
    assert pods.pulls_bytes(pod_of(gpu_pod(claim, scratch))) == 0
    assert pods.pulls_bytes(pod_of({**pod_spec(), "volumes": [scratch]})) == 0
