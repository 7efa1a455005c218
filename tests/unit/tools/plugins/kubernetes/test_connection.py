"""The way to the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.unit.tools.plugins.kubernetes.fake_api import FakeApi, cluster_of, status
from tests.unit.tools.plugins.kubernetes.test_kubeconfig import config, write
from tools.plugins.kubernetes.cluster import Cluster
from tools.plugins.kubernetes.connection import Connection, connect
from tools.plugins.kubernetes.errors import UnreachableError
from tools.plugins.kubernetes.kubeconfig import Access
from tools.plugins.kubernetes.settings import Settings


def test_a_cluster_is_connected_to_once(tmp_path: Path) -> None:
    """However often it is needed."""
    made: list[str] = []

    def make(access: Access, environ: Mapping[str, str]) -> Cluster:
        made.append(access.server)
        return cluster_of(FakeApi())

    connection = Connection(Settings(), {"KUBECONFIG": str(write(tmp_path / "c", config()))}, make)
    assert connection.cluster() is connection.cluster()
    assert made == ["https://one.test"]


def test_a_failure_is_remembered(tmp_path: Path) -> None:
    """A hundred resources must not wait a hundred times for a server that is not there."""
    asked: list[str] = []

    def fail(access: Access, environ: Mapping[str, str]) -> Cluster:
        asked.append(access.server)
        raise UnreachableError("nobody there")

    connection = Connection(Settings(), {"KUBECONFIG": str(write(tmp_path / "c", config()))}, fail)
    for _ in range(3):
        with pytest.raises(UnreachableError, match="nobody there"):
            connection.cluster()
    assert len(asked) == 1


def test_the_namespace_needs_no_connection(tmp_path: Path) -> None:
    """The setting, else the context's, else the default one; also without any kubeconfig."""
    environ = {"KUBECONFIG": str(write(tmp_path / "c", config()))}
    assert Connection(Settings(), environ).namespace() == "ns-one"
    assert Connection(Settings(namespace="mine"), environ).namespace() == "mine"
    nowhere = {"HOME": str(tmp_path)}
    assert Connection(Settings(), nowhere).namespace() == "default"
    assert Connection(Settings(namespace="mine"), nowhere).namespace() == "mine"


def answered(response: httpx.Response) -> Cluster:
    """What comes of a server that answers everything like this."""
    return connect(PLAIN, {}, transport=httpx.MockTransport(lambda _: response))


PLAIN = Access(server="http://api.test", namespace="", user={}, cluster={})


def test_a_server_that_answers_is_a_cluster() -> None:
    """One that hides its version, too: it knows us."""
    assert answered(httpx.Response(200, json={})).client.server == "http://api.test"
    assert answered(status(403, "Forbidden")).client.server == "http://api.test"


def test_a_server_that_does_not_know_us_is_none() -> None:
    """Said with its name."""
    with pytest.raises(UnreachableError, match=r"http://api\.test refuses us: who are you\?"):
        answered(status(401, "Unauthorized", "who are you?"))
