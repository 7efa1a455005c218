"""Command lines of the cluster's processes."""

from pathlib import Path

import pytest

from tests.unit.tools import support
from tools.cluster import processes
from tools.cluster.daemon import Daemon


@pytest.fixture
def daemons(tmp_path: Path) -> list[Daemon]:
    layout, programs = support.layout(tmp_path), support.programs(tmp_path)
    stages = (processes.images, processes.control_plane, processes.node, processes.addons)
    return [d for stage in stages for d in stage(layout, programs)]


def test_names_are_unique(daemons: list[Daemon]) -> None:
    """A name is the key of the pid file and the log."""
    names = [d.name for d in daemons]
    assert len(set(names)) == len(names)


def test_nothing_listens_on_all_addresses(daemons: list[Daemon]) -> None:
    """Control plane and node answer this machine and its pods, nobody else."""
    flags = [a for d in daemons for a in d.argv]
    assert not [a for a in flags if "0.0.0.0" in a or "[::]" in a]
    binds = [a for a in flags if a.startswith("--bind-address=")]
    assert len(binds) == 4
    assert {b.split("=")[1] for b in binds} <= {"127.0.0.1", "10.244.0.1"}


def test_the_api_server_authorises_with_rbac_and_the_node_authoriser(daemons: list[Daemon]) -> None:
    """As every conformant cluster does."""
    [apiserver] = [d for d in daemons if d.name == "kube-apiserver"]
    assert "--authorization-mode=Node,RBAC" in apiserver.argv


def test_the_store_answers_only_the_api_server(daemons: list[Daemon]) -> None:
    """Whoever reaches etcd without a certificate would be the master of the cluster."""
    [etcd] = [d for d in daemons if d.name == "etcd"]
    [apiserver] = [d for d in daemons if d.name == "kube-apiserver"]
    assert {"--client-cert-auth=true", "--peer-client-cert-auth=true"} <= set(etcd.argv)
    urls = [a for a in (*etcd.argv, *apiserver.argv) if "-urls=" in a or a.startswith("--etcd-servers=")]
    assert len(urls) == 5
    assert all("=https://127.0.0.1:" in u for u in urls)
