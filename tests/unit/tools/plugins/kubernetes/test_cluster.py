"""Objects by kind and name."""

from __future__ import annotations

import pytest

from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi, cluster_of
from tools.plugins.kubernetes.cluster import Ref, ref_of
from tools.plugins.kubernetes.errors import ApiError
from tools.plugins.kubernetes.kinds import Kind

MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": "a b"}, "data": {"x": "1"}}
PATH = "/api/v1/namespaces/default/configmaps/a b"


def test_an_object_is_created_read_and_deleted_by_its_name() -> None:
    """Names are quoted in paths."""
    api = FakeApi()
    cluster = cluster_of(api)
    created = cluster.create(MAP, dry_run=False)
    assert created["metadata"]["uid"]
    assert cluster.get(ref_of(MAP))["data"] == {"x": "1"}
    cluster.delete(ref_of(MAP), propagation="Foreground")
    assert api.writes()[-1].body["propagationPolicy"] == "Foreground"
    with pytest.raises(ApiError) as error:
        cluster.get(ref_of(MAP))
    assert error.value.is_not_found


def test_a_dry_run_is_told_to_the_server_and_keeps_nothing() -> None:
    """For create, apply and replace."""
    api = FakeApi()
    cluster = cluster_of(api)
    cluster.create(MAP, dry_run=True)
    cluster.apply(MAP, manager="m", force=True, dry_run=True)
    assert api.objects == {}
    kept = api.put(PATH, MAP)
    cluster.replace({**MAP, "data": {}}, resource_version="1", manager="m", dry_run=True)
    assert api.objects == {PATH: kept}
    assert [one.params["dryRun"] for one in api.writes()] == ["All"] * 3


def test_apply_says_who_and_whether_by_force() -> None:
    """As server-side apply wants it."""
    api = FakeApi()
    cluster_of(api).apply(MAP, manager="me", force=False, dry_run=False)
    asked = api.writes()[0]
    assert asked.params == {"fieldManager": "me", "force": "false"}
    assert asked.headers["content-type"] == "application/apply-patch+yaml"


def test_replace_carries_the_version_that_it_replaces() -> None:
    """So that it fails when someone else was faster."""
    api = FakeApi()
    cluster = cluster_of(api)
    cluster.create(MAP, dry_run=False)
    cluster.replace(MAP, resource_version="7", manager="me", dry_run=False)
    assert api.writes()[-1].body["metadata"]["resourceVersion"] == "7"


def test_an_object_without_a_namespace_is_in_the_default_one_if_its_kind_has_any() -> None:
    """Kinds without namespaces have none in their path."""
    api = FakeApi()
    cluster = cluster_of(api)
    for kind in ("ConfigMap", "Namespace"):
        with pytest.raises(ApiError):
            cluster.get(Ref(Kind("v1", kind), "", "a"))
    assert [one.path for one in api.asked[1:]] == ["/api/v1/namespaces/default/configmaps/a", "/api/v1/namespaces/a"]


def test_found_objects_say_what_they_are() -> None:
    """The items of a list do not, by themselves; selectors are passed on."""
    api = FakeApi()
    api.put("/api/v1/namespaces/n/pods/p", {"metadata": {"name": "p", "labels": {"app": "x"}}})
    api.put("/api/v1/namespaces/n/pods/q", {"metadata": {"name": "q"}})
    found = cluster_of(api).find(Kind("v1", "Pod"), "n", labels="app=x", fields="type=Warning")
    assert [(one["kind"], one["metadata"]["name"]) for one in found] == [("Pod", "p")]
    assert api.asked[-1].params == {"labelSelector": "app=x", "fieldSelector": "type=Warning"}


def test_warnings_go_to_whoever_asked_for_them() -> None:
    """Each operation has its own ear."""
    api = FakeApi(warning="deprecated")
    heard: list[str] = []
    cluster_of(api).reporting_to(heard.append).create(MAP, dry_run=True)
    assert heard == ["deprecated"]
