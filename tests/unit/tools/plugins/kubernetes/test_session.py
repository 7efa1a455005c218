"""What the operations of one provider share."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.unit.tools.plugins.fakes import FakeLog
from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi, cluster_of
from tools.plugins.kubernetes.cluster import Cluster
from tools.plugins.kubernetes.connection import Connection
from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.kubeconfig import Access
from tools.plugins.kubernetes.session import Session
from tools.plugins.kubernetes.settings import Settings
from tools.plugins.kubernetes.wait import Clock

KUBECONFIG = """
current-context: a
clusters: [{name: a, cluster: {server: "https://a.test"}}]
contexts: [{name: a, context: {cluster: a}}]
"""
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default", "name": "a"}, "data": {}}


def session(log: FakeLog, api: FakeApi | None, settings: Settings | None = None) -> Session:
    """With a server, or without one."""

    def make(access: Access, environ: Mapping[str, str]) -> Cluster:
        if api is None:
            raise UnreachableError("nobody there")
        return cluster_of(api)

    settings = settings or Settings()
    connection = Connection(Settings(kubeconfig=KUBECONFIG), {}, make)
    return Session(settings, {}, log, Clock(), connection)


def test_a_preview_without_a_cluster_is_nothing_and_says_so_once() -> None:
    """However many resources there are."""
    log = FakeLog()
    blind = session(log, None)
    for _ in range(3):
        assert blind.preview("urn", lambda op: op.preview_create(CONFIG_MAP, manager="m")) is None
    assert len(log.warnings) == 1
    assert "no API server has checked it. nobody there" in log.warnings[0]


def test_an_update_without_a_cluster_fails_and_warns_of_nothing() -> None:
    """The error says it all."""
    log = FakeLog()
    with pytest.raises(UnreachableError):
        session(log, None).operation("urn")
    assert log.warnings == []


def test_a_preview_with_a_cluster_is_its_answer_and_its_warnings() -> None:
    """Each warning once per operation."""
    log = FakeLog()
    api = FakeApi(warning="v1 Endpoints is deprecated")
    assert session(log, api).preview("urn", lambda op: op.preview_create(CONFIG_MAP, manager="m")) is not None
    assert log.warnings == ["v1 Endpoints is deprecated"]


def test_deprecations_can_be_hidden_and_other_warnings_not() -> None:
    """By the provider's option."""
    hidden = Settings(are_deprecations_hidden=True)
    for text, shown in (("it is deprecated", []), ("unknown field", ["unknown field"])):
        log = FakeLog()
        session(log, FakeApi(warning=text), hidden).operation("urn").cluster.create(CONFIG_MAP, dry_run=True)
        assert log.warnings == shown


def test_scopes_ask_the_cluster() -> None:
    """For kinds that are not built in."""
    from tools.plugins.kubernetes.kinds import Kind

    api = FakeApi()
    api.kinds["test.example/v1"] = [("Sea", "seas", False)]
    assert not session(FakeLog(), api).scopes.is_namespaced(Kind("test.example/v1", "Sea"))
    assert session(FakeLog(), None).scopes.is_namespaced(Kind("test.example/v1", "Sea"))
