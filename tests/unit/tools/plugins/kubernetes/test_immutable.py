"""Fields whose change replaces the object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tools.plugins.kubernetes.diff import compare
from tools.plugins.kubernetes.immutable import FIELDS, fields_of, is_replacing
from tools.plugins.kubernetes.paths import parse
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.values import Object


def replaced(api_version: str, kind: str, states: Sequence[Any], settings: Settings | None = None) -> bool:
    """Whether going from one of two states to the other replaces the object."""
    old, new = states
    obj: Object = {"apiVersion": api_version, "kind": kind, **new}
    fields = fields_of(obj, settings or Settings())
    return any(is_replacing(change, fields) for change in compare(old, new))


def test_every_path_of_the_table_can_be_read() -> None:
    """A misspelled one would never match."""
    for fields in FIELDS.values():
        assert all(parse(field) for field in fields)


@pytest.mark.parametrize("field", ["name", "namespace"])
def test_another_name_or_namespace_is_another_object(field: str) -> None:
    """For every kind."""
    assert replaced("test.example/v1", "Boat", [{"metadata": {field: "a"}}, {"metadata": {field: "b"}}])


def test_a_new_image_updates_a_deployment_and_replaces_a_job_or_a_pod() -> None:
    """The template of a Job can't be changed."""
    pod = [{"containers": [{"image": image}]} for image in ("a", "b")]
    templates = [{"spec": {"template": {"spec": one}}} for one in pod]
    assert not replaced("apps/v1", "Deployment", templates)
    assert replaced("batch/v1", "Job", templates)
    assert replaced("v1", "Pod", [{"spec": one} for one in pod])


def test_a_container_that_is_added_or_has_a_new_name_does_not_replace_a_pod_by_itself() -> None:
    """The table names fields of containers; one that comes as a whole has some of them."""
    one = {"spec": {"containers": [{"name": "a"}]}}
    assert not replaced("v1", "Pod", [one, {"spec": {"containers": [{"name": "b"}]}}])
    assert replaced("v1", "Pod", [one, {"spec": {"containers": [{"name": "a"}, {"name": "b", "image": "x"}]}}])


def test_a_selector_replaces_a_workload_and_a_claim_template_a_stateful_set() -> None:
    """At any depth below."""
    selectors = [{"spec": {"selector": {"matchLabels": {"app": app}}}} for app in ("a", "b")]
    assert replaced("apps/v1", "Deployment", selectors)
    claims = [{"spec": {"volumeClaimTemplates": [{"spec": {"storageClassName": name}}]}} for name in ("a", "b")]
    assert replaced("apps/v1", "StatefulSet", claims)
    assert not replaced("apps/v1", "StatefulSet", [{"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}])


def test_a_field_that_comes_inside_a_whole_new_object_counts() -> None:
    """The spec of a StorageClass has none of them, the class itself has."""
    assert replaced("v1", "Service", [{}, {"spec": {"clusterIP": "None"}}])
    assert not replaced("v1", "Service", [{}, {"spec": {"type": "ClusterIP"}}])


def test_data_replaces_a_config_map_unless_the_provider_says_it_may_change() -> None:
    """One that is immutable by itself is always replaced."""
    data = [{"data": {"a": value}} for value in ("1", "2")]
    mutable = Settings(is_config_map_mutable=True)
    assert replaced("v1", "ConfigMap", data)
    assert not replaced("v1", "ConfigMap", data, mutable)
    assert replaced("v1", "ConfigMap", [data[0], {**data[1], "immutable": True}], mutable)
    assert not replaced("v1", "ConfigMap", [{"metadata": {"labels": {}}}, {"metadata": {"labels": {"a": "b"}}}])


def test_secrets_are_treated_like_config_maps_but_their_type_is_always_fixed() -> None:
    """With an option of their own."""
    data = [{"data": {"a": value}} for value in ("1", "2")]
    mutable = Settings(is_secret_mutable=True)
    assert replaced("v1", "Secret", data)
    assert not replaced("v1", "Secret", data, mutable)
    assert replaced("v1", "Secret", [{"type": "a"}, {"type": "b"}], mutable)


def test_a_claim_may_grow_and_may_not_move() -> None:
    """Its size is not in the table: the server decides."""
    sizes = [{"spec": {"resources": {"requests": {"storage": size}}}} for size in ("1Gi", "2Gi")]
    assert not replaced("v1", "PersistentVolumeClaim", sizes)
    classes = [{"spec": {"storageClassName": name}} for name in ("a", "b")]
    assert replaced("v1", "PersistentVolumeClaim", classes)
