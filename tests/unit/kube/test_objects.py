"""Objects: who they are, where their pods are, what a list stands for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from kube.objects import Object, Stack, expand
from kube.pod_places import POD_TEMPLATES
from kube.unknown import UNKNOWN
from kube.view import Trace
from tests.unit.policies import json_data


def nested(path: str, value: Any) -> Any:
    """A mapping with the value at the path."""
    for key in reversed(path.split(".")) if path else ():
        value = {key: value}
    return value


def test_an_object_says_who_it_is() -> None:
    """Group and kind as in its manifest; without a namespace it is in `default`."""
    one = Object({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}})
    assert (one.group, one.kind, one.namespace, one.name, one.id) == ("apps", "Deployment", "b", "a", "Deployment b/a")
    other = Object({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"x": "y"}}}, origin="f:1")
    assert (other.group, other.namespace, other.name, other.id) == ("", "default", "", "Pod default/f:1")
    assert other.labels == {"x": "y"}


@pytest.mark.parametrize("metadata", [None, UNKNOWN, [], "a", {"name": UNKNOWN, "namespace": 1, "labels": "a"}])
def test_who_is_malformed_or_unknown_has_empty_names(metadata: Any) -> None:
    """Never an error."""
    one = Object({"kind": UNKNOWN, "apiVersion": 1, "metadata": metadata})
    assert (one.kind, one.api_version, one.name, one.namespace, one.labels) == ("", "", "", "default", {})
    assert one.is_identified == (metadata is not UNKNOWN and not isinstance(metadata, dict))


@pytest.mark.parametrize(("kind", "path"), POD_TEMPLATES.items())
def test_every_kind_of_kubernetes_keeps_its_pods_where_it_does(kind: str, path: str) -> None:
    """A pod is its own template."""
    data = {"kind": kind, **nested(path, {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}})}
    [pod] = Object(data).pods(Trace())
    assert pod.labels == {"a": "b"}
    assert [each.get("name") for each in pod.containers] == ["c"]
    assert pod.template.path == path


def test_a_kind_with_pods_has_a_template_even_where_none_is_written() -> None:
    """So that rules see what is missing; where it is unknown, that is noted."""
    trace = Trace()
    [pod] = Object({"kind": "Deployment"}).pods(trace)
    assert (pod.containers, trace.unknown) == ([], {})
    [pod] = Object({"kind": "Deployment", "spec": UNKNOWN}).pods(trace)
    assert (pod.labels, pod.containers) == ({}, [])
    assert ("Deployment default/", "spec") in trace.unknown


def test_pods_of_a_kind_that_nobody_knows_are_found() -> None:
    """Wherever a `spec` holds containers; twice where there are two."""
    template = {"spec": {"containers": [{"name": "a"}]}}
    roles = {"kind": "Cluster", "spec": {"roles": [{"template": template}, {"template": template}], "containers": "x"}}
    paths = [pod.template.path for pod in Object(roles).pods(Trace())]
    assert paths == ["spec.roles[0].template", "spec.roles[1].template"]
    assert Object({"kind": "Cluster", "spec": {"containers": [UNKNOWN]}}).pods(Trace()) != []
    assert Object({"kind": "ConfigMap", "data": {"spec": {"containers": ["text"]}}}).pods(Trace()) == []


def test_main_containers_are_those_that_run_while_the_pod_serves() -> None:
    """Sidecars are init containers that restart always."""
    spec = {"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "c"}]}
    [pod] = Object({"kind": "Pod", "spec": {**spec, "ephemeralContainers": [{"name": "e"}]}}).pods(Trace())
    assert [each.get("name") for each in pod.main_containers] == ["s", "c"]
    assert [each.get("name") for each in pod.containers] == ["i", "s", "c", "e"]


def test_a_list_stands_for_its_items() -> None:
    """Also one inside another; items of a typed list need no kind of their own."""
    pod, other = {"kind": "Pod", "metadata": {"name": "a"}}, {"metadata": {"name": "b"}}
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [other]}
    found = list(expand([Object({"kind": "List", "items": [pod, inner]}, "f", has_secrets=frozenset({"items[0].x"}))]))
    assert [(each.kind, each.api_version, each.name) for each in found] == [("Pod", "", "a"), ("Pod", "v1", "b")]
    assert [each.has_secrets for each in found] == [frozenset({"x"}), frozenset()]


def test_an_item_of_a_list_knows_its_own_lines() -> None:
    """Its origin is where it begins, and a path in it is one in the list."""
    pod = {"kind": "Pod", "metadata": {"name": "a"}}
    lines = {"items[0]": 3, "items[0].metadata": 4}
    [found] = expand([Object({"kind": "List", "items": [pod]}, "dir:a/list.yaml:1", find_line=lines.__getitem__)])
    assert found.origin == "dir:a/list.yaml:3"
    assert found.data == pod
    assert found.find_line is not None
    assert (found.find_line(""), found.find_line("metadata")) == (3, 4)


def test_an_item_that_is_not_known_is_one_of_which_nothing_is_known() -> None:
    """It is not lost."""
    [found] = expand([Object({"apiVersion": "v1", "kind": "PodList", "items": [UNKNOWN]})])
    assert found.kind == "Pod"
    assert found.view(Trace()).get("spec.hostNetwork") is UNKNOWN


@pytest.mark.parametrize("data", [{"kind": "List", "items": UNKNOWN}, {"kind": "List"}, {"kind": "A", "items": [1]}])
def test_what_is_no_list_stays_one_object(data: Any) -> None:
    """A ConfigMap may have items, too."""
    assert [each.data for each in expand([Object(data)])] == [data]


def test_a_stack_gives_objects_by_kind_in_their_order() -> None:
    """Asked for two kinds, the first one's come first."""
    objects = tuple(Object({"kind": kind, "metadata": {"name": name}}) for kind, name in ("Aa", "Bb", "Ac"))
    stack = Stack(objects)
    assert [each.object.name for each in stack.of_kind("B", "A", "C")] == ["b", "a", "c"]


@given(json_data.objects)
def test_no_data_makes_an_object_fail(data: dict[str, Any]) -> None:
    """Names, pods and containers of anything."""
    for one in expand([Object(data)]):
        assert isinstance(one.id, str)
        for pod in one.pods(Trace()):
            assert all(each.data is UNKNOWN or each.path for each in [*pod.containers, *pod.main_containers])
            assert isinstance(pod.labels, dict)
