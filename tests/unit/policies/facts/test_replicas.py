"""The bounds of a workload follow what scales it."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object, Stack
from kube.unknown import UNKNOWN
from policies.facts import replicas


def deployment(spec: Any, **metadata: Any) -> dict[str, Any]:
    """A Deployment `a`."""
    return {"kind": "Deployment", "metadata": {"name": "a", **metadata}, "spec": spec}


def hpa(**spec: Any) -> dict[str, Any]:
    """An autoscaler of Deployment `a`."""
    ref = {"kind": "Deployment", "name": "a"}
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": ref, "minReplicas": 3, "maxReplicas": 5, **spec},
    }


def keda(**spec: Any) -> dict[str, Any]:
    """A ScaledObject for Deployment `a`."""
    return {"kind": "ScaledObject", "metadata": {"name": "k"}, "spec": {"scaleTargetRef": {"name": "a"}, **spec}}


def bounds(*objects: dict[str, Any]) -> tuple[Any, Any]:
    """Of the first workload."""
    workload = replicas.workloads(Stack(tuple(Object(each) for each in objects)))[0]
    return workload.least.value, workload.most.value


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        ([deployment({})], (1, 1)),
        ([deployment(None)], (1, 1)),
        ([deployment({"replicas": 4})], (4, 4)),
        ([deployment({"replicas": 0})], (0, 0)),
        ([deployment({"replicas": "4"})], (1, 1)),
        ([deployment({"replicas": 4}), hpa()], (3, 5)),
        ([deployment({}), hpa(minReplicas=None)], (1, 5)),
        ([deployment({}), hpa(maxReplicas=None)], (3, 1)),
        ([deployment({}), keda()], (0, 100)),
        ([deployment({}), keda(minReplicaCount=2, maxReplicaCount=6)], (2, 6)),
        ([deployment({}), keda(scaleTargetRef={"kind": "StatefulSet", "name": "a"})], (1, 1)),
        ([deployment({}), hpa(scaleTargetRef={"kind": "Deployment", "name": "b"})], (1, 1)),
        ([deployment({}), hpa(scaleTargetRef={"kind": "Deployment"})], (1, 1)),
        ([deployment({}, namespace="other"), hpa()], (1, 1)),
        ([deployment({}), hpa(), keda()], (3, 5)),
    ],
)
def test_an_autoscaler_that_targets_the_workload_sets_its_bounds(objects: Any, expected: tuple[int, int]) -> None:
    """By kind, namespace and name; otherwise its own replicas do, which are 1 by default."""
    assert bounds(*objects) == expected


@pytest.mark.parametrize(
    "objects",
    [
        [deployment({"replicas": UNKNOWN})],
        [deployment({}, name=UNKNOWN), hpa()],
        [deployment({}, namespace=UNKNOWN), hpa()],
        [deployment({}), hpa(scaleTargetRef=UNKNOWN)],
        [deployment({}), hpa(scaleTargetRef={"kind": "Deployment", "name": "b"}), hpa(scaleTargetRef=UNKNOWN)],
        [deployment({}), hpa(scaleTargetRef={"kind": UNKNOWN, "name": "a"})],
        [deployment({}), hpa(scaleTargetRef={"kind": "Deployment", "name": UNKNOWN})],
        [deployment({}), {**hpa(), "metadata": {"namespace": UNKNOWN}}],
        [deployment({}), hpa(minReplicas=UNKNOWN, maxReplicas=UNKNOWN)],
    ],
)
def test_bounds_that_only_up_knows_are_unknown(objects: Any) -> None:
    """Also where an autoscaler may turn out to target the workload."""
    assert all(each is UNKNOWN for each in bounds(*objects))


def test_an_autoscaler_that_is_known_decides_whatever_another_one_targets() -> None:
    """A target that is not known yet can't change it."""
    other = {**hpa(scaleTargetRef=UNKNOWN), "metadata": {"name": "other"}}
    assert bounds(deployment({}), other, hpa()) == (3, 5)


@pytest.mark.parametrize("kind", replicas.KINDS)
def test_every_kind_with_replicas_is_a_workload(kind: str) -> None:
    """And can be scaled."""
    scaled = hpa(scaleTargetRef={"kind": kind, "name": "a"})
    assert bounds({"kind": kind, "metadata": {"name": "a"}}, scaled) == (3, 5)


def test_other_kinds_have_no_replicas() -> None:
    """A DaemonSet has a pod on each node, a Job ends."""
    kinds = ("DaemonSet", "Job", "Pod", "Service")
    assert replicas.workloads(Stack(tuple(Object({"kind": kind, "spec": {"replicas": 3}}) for kind in kinds))) == []


def test_a_bound_says_where_it_is_written() -> None:
    """In the autoscaler if there is one."""
    scaled, own = (
        replicas.workloads(Stack(tuple(Object(each) for each in objects)))[0]
        for objects in ([deployment({}), hpa()], [deployment({})])
    )
    assert (scaled.least.view.object.kind, scaled.least.path, scaled.most.path) == (
        "HorizontalPodAutoscaler",
        "spec.minReplicas",
        "spec.maxReplicas",
    )
    assert (own.least.view.object.kind, own.least.path) == ("Deployment", "spec.replicas")
    assert own.scalers == ()


@pytest.mark.parametrize(
    ("selector", "template", "labels"),
    [
        ({"matchLabels": {"app": "a"}}, {}, {"app": "a"}),
        ({"matchLabels": {"app": "a"}}, {"metadata": {"labels": {"app": "a", "n": "1"}}}, {"app": "a", "n": "1"}),
        ({"matchLabels": "a"}, {"metadata": {"labels": {"app": "a"}}}, {"app": "a"}),
        (None, {"metadata": {"labels": {"app": "a"}}}, {"app": "a"}),
        ({"app": "a"}, {}, {}),
    ],
)
def test_the_labels_of_the_pods_are_those_of_template_and_selector(selector: Any, template: Any, labels: Any) -> None:
    """The template's own come first."""
    spec = {"selector": selector, "template": template}
    workload = replicas.workloads(Stack((Object(deployment(spec)),)))[0]
    assert workload.labels == labels
    assert workload.is_known


@pytest.mark.parametrize(
    "changed",
    [
        {"metadata": UNKNOWN},
        {"metadata": {"name": "a", "namespace": UNKNOWN}},
        {"spec": {"template": UNKNOWN}},
        {"spec": {"template": {"metadata": {"labels": {"app": UNKNOWN}}}}},
        {"spec": {"selector": {"matchLabels": {"app": UNKNOWN}}}},
    ],
)
def test_a_workload_whose_labels_are_not_known_may_be_selected_by_anything(changed: Any) -> None:
    """So nothing can be said to select it, or not to."""
    assert not replicas.workloads(Stack((Object({**deployment({}), **changed}),)))[0].is_known
