"""Kinds and their paths, asked once."""

from __future__ import annotations

import threading

import pytest

from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi, cluster_of
from tools.plugins.kubernetes.discovery import Resource
from tools.plugins.kubernetes.errors import NoSuchKindError
from tools.plugins.kubernetes.kinds import Kind


def test_core_and_group_kinds_have_their_own_paths() -> None:
    """And say whether they live in namespaces; subresources are no kinds."""
    discovery = cluster_of(FakeApi()).discovery
    assert discovery.find(Kind("v1", "Namespace")) == Resource("/api/v1", "namespaces", is_namespaced=False)
    assert discovery.find(Kind("apps/v1", "Deployment")) == Resource("/apis/apps/v1", "deployments", is_namespaced=True)
    with pytest.raises(NoSuchKindError):
        discovery.find(Kind("v1", "Scale"))


def test_each_version_is_asked_for_once_however_many_threads_ask() -> None:
    """A program starts with all of them at once."""
    api = FakeApi()
    discovery = cluster_of(api).discovery
    threads = [threading.Thread(target=discovery.find, args=(Kind("v1", "Pod"),)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [one.path for one in api.asked] == ["/api/v1"]


def test_a_kind_that_was_missing_is_found_when_it_has_come() -> None:
    """Its definition may be part of the same update."""
    api = FakeApi()
    discovery = cluster_of(api).discovery
    with pytest.raises(NoSuchKindError, match=r"no kind Boat in test\.example/v1"):
        discovery.find(Kind("test.example/v1", "Boat"))
    api.kinds["test.example/v1"] = [("Boat", "boats", True)]
    assert discovery.find(Kind("test.example/v1", "Boat")).plural == "boats"
