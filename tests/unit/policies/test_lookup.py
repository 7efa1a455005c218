"""Objects of a stack are found by name, and what may still turn out to be there is not said to be missing."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object, Stack
from kube.unknown import UNKNOWN


def stack(*metadata: Any) -> Stack:
    """A stack of ConfigMaps with that metadata."""
    return Stack(tuple(Object({"kind": "ConfigMap", "metadata": each}) for each in metadata))


def test_an_object_is_found_by_kind_namespace_and_name() -> None:
    """All three count; without a namespace an object is in `default`."""
    found = stack({"name": "a"}, {"name": "a", "namespace": "b"})
    assert found.find("ConfigMap", "default", "a") is found.lookup("ConfigMap", "default", "a")
    assert found.lookup("ConfigMap", "b", "a").object.namespace == "b"
    assert found.lookup("Secret", "b", "a") is None
    assert found.lookup("ConfigMap", "c", "a") is None
    assert found.lookup("ConfigMap", "b", "b") is None


def test_of_two_objects_of_one_name_the_first_is_found() -> None:
    """The order of the stack decides."""
    found = stack({"name": "a", "labels": {"n": "1"}}, {"name": "a"}).find("ConfigMap", "default", "a")
    assert found is not None
    assert found.get("metadata.labels.n") == "1"


@pytest.mark.parametrize("metadata", [UNKNOWN, {"name": UNKNOWN}, {"name": "a", "namespace": UNKNOWN}])
def test_an_object_whose_identity_only_up_knows_may_be_the_one(metadata: Any) -> None:
    """Then nothing of its kind can be said to be missing; other kinds can."""
    found = stack(metadata, {"name": "b"})
    assert found.lookup("ConfigMap", "default", "a") is UNKNOWN
    assert found.find("ConfigMap", "default", "a") is None
    assert found.lookup("ConfigMap", "default", "b") is found.find("ConfigMap", "default", "b")
    assert found.lookup("Secret", "default", "a") is None


def test_a_name_that_only_up_knows_is_not_missing() -> None:
    """Whatever the stack holds."""
    assert stack().lookup("ConfigMap", "default", UNKNOWN) is UNKNOWN
    assert stack().lookup("ConfigMap", UNKNOWN, "a") is UNKNOWN


def test_an_object_without_metadata_is_known_to_have_no_name() -> None:
    """Absent is not unknown."""
    assert Object({"kind": "ConfigMap"}).is_identified
    assert Object({"kind": "ConfigMap", "metadata": {}}).is_identified
