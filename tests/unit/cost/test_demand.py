"""What objects ask for that costs money."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.demand import demand
from infra.cost.types import Demand, Resources, Unpriced
from infra.units import GI
from kube.objects import Object
from tests.unit.cost.manifests import UNKNOWN, manifest, objects, pod_spec, workload
from tests.unit.policies import json_data


def of(*data: dict[str, Any]) -> Demand:
    """Of these objects."""
    return demand(objects(*data))


def reasons(found: Demand) -> dict[str, str]:
    """What is not in the total, and why."""
    return {each.id: each.reason for each in found.unpriced}


def test_a_deployment_has_its_replicas() -> None:
    """Fixed, where nothing scales it; one where it does not say."""
    [one, three] = of(workload(), workload(name="b", replicas=3)).workloads
    assert (one.min_replicas, one.max_replicas) == (1, 1)
    assert (three.min_replicas, three.max_replicas) == (3, 3)
    assert one.shape.requests == Resources(1000, 4 * GI)
    assert one.id == "slipway/app"


def test_an_autoscaler_says_how_many() -> None:
    """Whatever the Deployment says."""
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "app"}, "minReplicas": 2, "maxReplicas": 6}
    [found] = of(workload(replicas=9), manifest("HorizontalPodAutoscaler", spec=target)).workloads
    assert (found.min_replicas, found.max_replicas) == (2, 6)


def test_daemon_sets_are_apart() -> None:
    """They are on every node."""
    found = of(workload("DaemonSet"))
    assert [each.name for each in found.daemons] == ["app"]
    assert found.workloads == ()


@pytest.mark.parametrize(
    ("kind", "fields", "hours"),
    [
        ("Job", {}, Fraction(1)),
        ("Job", {"activeDeadlineSeconds": 7200}, Fraction(2)),
        ("Job", {"completions": 10, "parallelism": 4}, Fraction(3)),
        ("CronJob", {"schedule": "0 3 * * *"}, Fraction(730, 24)),
        ("CronJob", {"schedule": "* * * * *"}, Fraction(730)),
    ],
)
def test_jobs_run_until_their_deadline(kind: str, fields: dict[str, Any], hours: Fraction) -> None:
    """An hour where they have none: 10 completions by 4 are 3 rounds; a job every minute runs always."""
    data = workload(kind, **fields)
    if kind == "CronJob":
        data["spec"]["jobTemplate"] = {"spec": {"template": data["spec"].pop("template")}}
    [job] = of(data).jobs
    assert job.hours_per_month == hours


def test_what_another_object_of_the_stack_owns_is_counted_there() -> None:
    """As `kubectl get all` prints it: the Deployment, its ReplicaSet and its pod are one."""

    def owned(data: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
        data["metadata"]["ownerReferences"] = [{"kind": kind, "name": name}]
        return data

    replica_set = owned(workload("ReplicaSet", "app-1"), "Deployment", "app")
    pod = owned(manifest("Pod", "app-1-x", spec=pod_spec()), "ReplicaSet", "app-1")
    assert [each.kind for each in of(workload(), replica_set, pod).workloads] == ["Deployment"]
    assert [each.kind for each in of(pod).workloads] == ["Pod"]


def test_what_runs_no_more_costs_nothing() -> None:
    """Pods that ended, jobs that are done or suspended; templates never run."""
    ended = manifest("Pod", "ended", spec=pod_spec(), status={"phase": "Succeeded"})
    done = {**workload("Job", "done"), "status": {"completionTime": "2026-01-01T00:00:00Z"}}
    suspended = workload("Job", "waiting", suspend=True)
    template = manifest("PodTemplate", "t", template={"spec": pod_spec()})
    found = of(ended, done, suspended, template)
    assert (found.workloads, found.jobs) == ((), ())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (workload(replicas=-1), "replicas: -1 is negative: not counted"),
        (workload(replicas=10**9), "replicas: 1000000000 is more than 20,000, which nobody can mean: not counted"),
        (workload(spec=pod_spec("-2")), "cpu: '-2' is negative: not counted"),
        (workload(spec=pod_spec("lots")), "cpu: 'lots' is no quantity: not counted"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_told(data: dict[str, Any], reason: str) -> None:
    """The total is wrong then."""
    found = of(data)
    assert found.workloads == ()
    assert found.unpriced == (Unpriced("Deployment slipway/app", reason),)


def test_an_autoscaler_can_not_mean_a_million_either() -> None:
    """Nobody has so many nodes."""
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "app"}, "maxReplicas": 10**6}
    assert (
        "more than 20,000"
        in reasons(of(workload(), manifest("HorizontalPodAutoscaler", spec=target)))["Deployment slipway/app"]
    )


def test_an_unknown_is_named_with_its_path() -> None:
    """What only an update knows."""
    found = of(workload(replicas=UNKNOWN))
    assert reasons(found) == {"Deployment slipway/app spec.replicas": "not known before the update"}
    assert all(each.is_total_wrong for each in found.unpriced)


def test_a_secret_is_named_and_never_read() -> None:
    """It reads as unknown."""
    secret = Object(workload(replicas=UNKNOWN), "urn", has_secrets=frozenset({"spec.replicas"}))
    assert reasons(demand([secret])) == {"Deployment slipway/app spec.replicas": "is a secret, which is not read"}


def test_a_helm_release_is_named() -> None:
    """Its objects are not there."""
    assert "made by Helm" in reasons(of(manifest("Release", "redis")))["Release slipway/redis"]


def test_a_kind_that_is_not_known_counts_by_its_replicas_and_is_told() -> None:
    """With a pod template in it."""
    rollout = manifest("Rollout", spec={"replicas": 3, "template": {"spec": pod_spec()}})
    found = of(rollout)
    assert [each.max_replicas for each in found.workloads] == [3]
    assert [each.is_total_wrong for each in found.unpriced] == [False]


def test_pods_that_request_nothing_are_told() -> None:
    """They take what others leave."""
    assert reasons(of(workload(spec=pod_spec(None, None)))) == {
        "slipway/app": "it requests nothing: it takes what others leave"
    }


def test_an_autoscaler_of_nothing_is_told() -> None:
    """What it scales is not here."""
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "gone"}, "maxReplicas": 2}
    [told] = of(manifest("HorizontalPodAutoscaler", "hpa", spec=target)).unpriced
    assert told == Unpriced(
        "HorizontalPodAutoscaler slipway/hpa", "scales Deployment slipway/gone, which is not here", False
    )


def test_a_schedule_that_can_not_be_read_is_told() -> None:
    """Of a CronJob."""
    data = workload("CronJob", schedule="sometimes")
    data["spec"]["jobTemplate"] = {"spec": {"template": data["spec"].pop("template")}}
    assert "can't be read" in reasons(of(data))["CronJob slipway/app"]


def test_lists_are_their_items() -> None:
    """As kubectl prints them."""
    both = {"kind": "List", "items": [workload(), workload(name="b")]}
    assert len(of(both).workloads) == 2


@given(st.lists(json_data.objects, max_size=3))
def test_any_objects_are_a_demand(data: list[Any]) -> None:
    """Whatever they hold, nothing is raised and nothing is negative."""
    found = demand([Object(each, f"file:{index}") for index, each in enumerate(data)])
    for each in (*found.workloads, *found.jobs, *found.daemons):
        assert 0 <= each.min_replicas <= each.max_replicas
        assert min(each.shape.requests.cpu_m, each.shape.requests.memory_bytes, each.shape.requests.gpus) >= 0
