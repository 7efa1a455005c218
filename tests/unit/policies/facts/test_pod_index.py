"""Pods are found by the selectors that mean them."""

from typing import Any

import pytest

from kube.objects import Object, Stack
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts.pod_index import index, namespace_of


def pod(name: str, namespace: Any, labels: Any) -> Object:
    """A pod with labels."""
    return Object({"kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels}, "spec": {}})


def service(selector: Any, namespace: Any = "a") -> Object:
    """A Service with a selector."""
    return Object({"kind": "Service", "metadata": {"namespace": namespace}, "spec": {"selector": selector}})


STACK = [pod("x", "a", {"app": "x", "tier": "web"}), pod("y", "a", {"app": "y", "tier": "web"}), pod("z", "b", None)]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"matchLabels": {"tier": "web"}}, ["x", "y"]),
        ({"matchLabels": {"tier": "web", "app": "y"}}, ["y"]),
        ({"matchLabels": {"tier": "web", "app": "z"}}, []),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["y"]}]}, ["x"]),
        ({}, ["x", "y"]),
        ({"matchLabels": "web"}, []),
    ],
)
def test_a_selector_means_pods_of_its_namespace(selector: Any, expected: list[str]) -> None:
    """All demanded labels count, and expressions; one without demands means all, one of a wrong type none."""
    assert [found.object.name for found in index(Stack(tuple(STACK))).selected("a", selector)] == expected


def test_a_namespace_has_its_pods_whatever_their_labels() -> None:
    """Pods without labels are filed, too."""
    pods = index(Stack(tuple(STACK)))
    assert [found.object.name for found in pods.in_namespace("b")] == ["z"]
    assert pods.in_namespace("c") == []
    assert pods.certainty is True


@pytest.mark.parametrize(
    ("namespace", "labels"), [(UNKNOWN, {"app": "x"}), ("a", UNKNOWN), ("a", {"app": "x", "tier": UNKNOWN})]
)
def test_a_pod_that_only_up_knows_leaves_the_index_uncertain(namespace: Any, labels: Any) -> None:
    """What selects nothing else may select it; what is not known is noted."""
    stack = Stack((pod("x", namespace, labels), service({"app": "x"})))
    pods = index(stack)
    assert pods.certainty is UNKNOWN
    assert pods.behind(stack.of_kind("Service")[0]) is UNKNOWN
    assert stack.trace.unknown


def test_a_pod_that_is_known_is_found_in_an_uncertain_index() -> None:
    """The uncertainty of others does not matter where a pod is found."""
    stack = Stack((pod("x", "a", UNKNOWN), STACK[0], service({"app": "x"})))
    found = index(stack).behind(stack.of_kind("Service")[0])
    assert [each.object.name for each in found] == ["x"]


@pytest.mark.parametrize(
    ("selector", "namespace", "expected"),
    [
        ({"app": "x"}, "a", ["x"]),
        ({"app": "x"}, "b", []),
        ({}, "a", []),
        (None, "a", []),
        ("app", "a", []),
        (UNKNOWN, "a", UNKNOWN),
        ({"app": UNKNOWN}, "a", UNKNOWN),
        ({"app": "x"}, UNKNOWN, UNKNOWN),
    ],
)
def test_a_service_selects_by_plain_labels(selector: Any, namespace: Any, expected: Any) -> None:
    """One without a selector selects none."""
    stack = Stack((*STACK, service(selector, namespace)))
    found = index(stack).behind(stack.of_kind("Service")[0])
    assert found is UNKNOWN if expected is UNKNOWN else [each.object.name for each in found] == expected


def test_a_namespace_that_is_not_named_is_default() -> None:
    """As for kubectl."""
    assert namespace_of(Object({}), Trace()) == "default"
    assert namespace_of(Object({"metadata": {"namespace": "a"}}), Trace()) == "a"
    assert namespace_of(Object({"metadata": {"namespace": UNKNOWN}}), Trace()) is UNKNOWN
