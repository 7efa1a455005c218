"""Putting plain data right."""

from typing import Any

import pytest

from kube.unknown import UNKNOWN
from policies.facts import repairs


def test_the_pods_of_a_kind_are_given_for_changing() -> None:
    """What is changed in the spec is changed in the object."""
    data = {"kind": "Deployment", "spec": {"template": {"spec": {}}}}
    for _, spec in repairs.pods(data):
        spec["hostPID"] = False
    assert data["spec"]["template"]["spec"] == {"hostPID": False}  # type: ignore[index]


@pytest.mark.parametrize("spec", [None, UNKNOWN, "none", []])
def test_a_pod_whose_spec_is_no_mapping_is_left_alone(spec: Any) -> None:
    """There is nothing that could be put right."""
    assert list(repairs.pods({"kind": "Pod", "spec": spec})) == []


def test_containers_of_all_lists_are_found_but_not_what_is_none() -> None:
    """Init, main and ephemeral ones; unknown elements and lists are passed over."""
    spec = {"initContainers": [{"name": "a"}, UNKNOWN], "containers": UNKNOWN, "ephemeralContainers": [{"name": "b"}]}
    assert list(repairs.containers(spec)) == [{"name": "a"}, {"name": "b"}]
    assert repairs.places(spec) == [spec, {"name": "a"}, {"name": "b"}]


def test_a_field_is_read_or_none() -> None:
    """Also where something on the way is no mapping."""
    assert repairs.get({"a": {"b": 1}}, "a.b") == 1
    assert repairs.get({"a": [1]}, "a.b") is None
    assert repairs.get({"a": UNKNOWN}, "a.b") is None


def test_a_field_is_set_with_the_mappings_on_its_way() -> None:
    """Absent and null parents are made; others stay."""
    data: dict[str, Any] = {"b": None, "c": {"x": 1}}
    for path in ("a.y", "b.y", "c.y", "d"):
        repairs.put(data, path, 2)
    assert data == {"a": {"y": 2}, "b": {"y": 2}, "c": {"x": 1, "y": 2}, "d": 2}


@pytest.mark.parametrize("parent", [UNKNOWN, "text", []])
def test_a_field_below_no_mapping_is_not_set(parent: Any) -> None:
    """Only the author knows what it was to be."""
    data = {"a": parent}
    repairs.put(data, "a.b", 1)
    assert data["a"] is parent


def test_a_field_is_removed() -> None:
    """At the top and below."""
    data: dict[str, Any] = {"a": {"b": 1, "c": 2}, "d": 3}
    for path in ("a.b", "d"):
        repairs.drop(data, path)
    assert data == {"a": {"c": 2}}
