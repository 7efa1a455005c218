"""What quotas bound, and what a pod holds of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kube.objects import Object, Pod, Stack
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts.quotas import held, quotas


def pod(**spec: Any) -> Pod:
    """A pod with that spec."""
    return Object({"kind": "Pod", "spec": spec}).pods(Trace())[0]


def container(requests: Any = None, limits: Any = None, **more: Any) -> dict[str, Any]:
    """A container with those resources."""
    return {"resources": {"requests": requests, "limits": limits}, **more}


def bounds(spec: Any, namespace: Any = "n") -> dict[str, dict[str, Any]]:
    """The bounds of one quota, by namespace."""
    quota = {"kind": "ResourceQuota", "metadata": {"namespace": namespace}, "spec": spec}
    return {name: {q.key: q.most for q in found} for name, found in quotas(Stack((Object(quota),))).items()}


def test_a_quota_bounds_what_it_names() -> None:
    """In its namespace."""
    hard = {"requests.cpu": "1500m", "pods": 3, "requests.memory": "1Ki"}
    assert bounds({"hard": hard}) == {"n": {"requests.cpu": Fraction(3, 2), "pods": 3, "requests.memory": 1024}}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        None,
        {"hard": {}},
        {"hard": {"pods": "many"}},
        {"hard": {"pods": 1}, "scopes": ["BestEffort"]},
        {"hard": {"pods": 1}, "scopeSelector": {}},
    ],
)
def test_quotas_for_some_pods_and_what_is_no_quantity_bound_nothing(spec: Any) -> None:
    """Which pods a scope means can't be said."""
    assert bounds(spec) == {}


def test_a_bound_can_be_unknown_and_so_can_its_namespace() -> None:
    """The one is UNKNOWN, the other is left out."""
    assert bounds({"hard": {"pods": UNKNOWN}})["n"]["pods"] is UNKNOWN
    assert bounds({"hard": {"pods": 1}}, UNKNOWN) == {}


@pytest.mark.parametrize(
    ("key", "amount"),
    [
        ("pods", 1),
        ("count/pods", 1),
        ("requests.cpu", 3),
        ("cpu", 3),
        ("limits.cpu", 8),
        ("requests.nvidia.com/gpu", 1),
        ("requests.storage", 0),
        ("persistentvolumeclaims", 0),
    ],
)
def test_a_pod_holds_what_its_containers_hold_together(key: str, amount: int) -> None:
    """Requests, which are the limits where there are none, or limits."""
    main = [container({"cpu": 1}, {"cpu": 6}), container(None, {"cpu": 2, "nvidia.com/gpu": 1}), {}]
    assert held(pod(containers=main)).get(key, 0) == amount


def test_an_init_container_counts_where_it_holds_more() -> None:
    """It runs alone; a sidecar does not."""
    main, init = [container({"cpu": 2})], container({"cpu": 3})
    for several in ([init, container({"cpu": 1})], [container({"cpu": 1}), init]):
        assert held(pod(containers=main, initContainers=several))["cpu"] == 3
    assert held(pod(containers=main, initContainers=[{**init, "restartPolicy": "Always"}]))["cpu"] == 5


def test_what_is_no_quantity_is_nothing() -> None:
    """And no containers hold nothing."""
    assert held(pod(containers=[container({"cpu": "many"})])) == held(pod()) == {"pods": 1, "count/pods": 1}


@pytest.mark.parametrize("where", ["containers", "initContainers"])
def test_an_amount_that_only_up_knows_is_unknown(where: str) -> None:
    """Whatever the other containers hold."""
    spec = {"containers": [container({"cpu": 1})], where: [container({"cpu": UNKNOWN}), container({"cpu": 9})]}
    assert held(pod(**spec))["cpu"] is UNKNOWN
