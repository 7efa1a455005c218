"""Which cluster the provider is told about, and when an update may start."""

from pathlib import Path

import pytest
import yaml

from infra import cluster
from infra.errors import ClusterError
from infra.stack import ClusterConfig

NAMED = ClusterConfig(embedded=False, kubeconfig=None, context="prod", multi_node=True, multi_zone=True)
EMBEDDED = ClusterConfig(embedded=True, kubeconfig=None, context="slipway-local", multi_node=False, multi_zone=False)


def kubeconfig(path: Path, **servers: str) -> Path:
    """Write a kubeconfig with one context per server."""
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
                "contexts": [{"name": name, "context": {"cluster": name, "user": "u"}} for name in servers],
                "current-context": next(iter(servers), ""),
            }
        )
    )
    return path


def refused(host: str, port: int) -> None:
    """A connection that nobody accepts."""
    raise ConnectionRefusedError(111, "Connection refused")


def accepted(host: str, port: int) -> None:
    """A connection that succeeds."""


def test_the_named_context_is_used_whatever_the_current_one_is(tmp_path: Path) -> None:
    """The provider gets the file and the context of the stack, and the server is known."""
    path = kubeconfig(tmp_path / "config", dev="https://dev:6443", prod="https://prod:6443")

    located = cluster.locate(NAMED, [path])

    assert located.access == cluster.Access(str(path), "prod", "prod")
    assert located.server == cluster.Server("https://prod:6443", has_proxy=False)
    assert located.missing is None


def test_several_ambient_files_are_left_to_the_provider(tmp_path: Path) -> None:
    """One path can't name two files; the provider merges them itself."""
    first = kubeconfig(tmp_path / "a", dev="https://dev:6443")
    second = kubeconfig(tmp_path / "b", prod="https://prod:6443")
    assert cluster.locate(NAMED, [first, second]).access == cluster.Access(None, "prod", "prod")


def test_a_preview_without_a_kubeconfig_gets_one_that_leads_nowhere(tmp_path: Path) -> None:
    """Never the operator's current context by accident."""
    located = cluster.locate(NAMED, [tmp_path / "none"])

    assert located.access.kubeconfig == cluster.NOWHERE
    assert "no file at" in (located.missing or "")
    assert yaml.safe_load(cluster.NOWHERE)["current-context"] == located.access.context


def test_an_unknown_context_is_named_with_the_known_ones(tmp_path: Path) -> None:
    """The message names the key, the value and what is allowed."""
    path = kubeconfig(tmp_path / "config", dev="https://dev:6443", test="https://test:6443")
    missing = cluster.locate(NAMED, [path]).missing or ""
    assert missing.startswith("slipway:cluster.context: there is no 'prod'")
    assert missing.endswith("allowed: dev, test")


@pytest.mark.parametrize("content", ["[1, 2]", "{unclosed", "clusters: [{name: x}]", ""])
def test_a_file_that_is_no_kubeconfig_is_no_traceback(tmp_path: Path, content: str) -> None:
    """Broken YAML, other YAML and an empty file all end as a reason."""
    path = tmp_path / "config"
    path.write_text(content)
    assert cluster.locate(NAMED, [path]).missing


def test_the_local_cluster_that_was_never_started_says_how_to() -> None:
    """An update of the embedded stack names the command."""
    with pytest.raises(ClusterError, match="run `make up`"):
        cluster.require(cluster.locate(EMBEDDED, []))


def test_an_update_needs_an_answer_from_the_server(tmp_path: Path) -> None:
    """Nothing is built or changed when the cluster does not answer."""
    located = cluster.locate(NAMED, [kubeconfig(tmp_path / "config", prod="https://prod:6443")])

    cluster.require(located, connect=accepted)
    with pytest.raises(ClusterError, match=r"nothing answers at https://prod:6443 \(context 'prod'\).*refused"):
        cluster.require(located, connect=refused)


@pytest.mark.parametrize(("server", "port"), [("https://x", 443), ("http://x", 80), ("https://x:1", 1)])
def test_the_port_follows_the_scheme(tmp_path: Path, server: str, port: int) -> None:
    """As for any URL."""
    seen: list[tuple[str, int]] = []
    located = cluster.locate(NAMED, [kubeconfig(tmp_path / "config", prod=server)])

    cluster.require(located, connect=lambda host, port: seen.append((host, port)))

    assert seen == [("x", port)]


@pytest.mark.parametrize("server", ["https://x:port", "https://x:70000", "https://[::1", "ftp://x", "x:6443", ""])
def test_a_server_that_is_no_address_is_named(tmp_path: Path, server: str) -> None:
    """With its context, and what is allowed."""
    located = cluster.locate(NAMED, [kubeconfig(tmp_path / "config", prod=server)])
    with pytest.raises(ClusterError) as caught:
        cluster.require(located, connect=accepted)
    assert f"context 'prod': {server!r} is not an address; allowed: https://host:port" in str(caught.value)


def test_a_kubeconfig_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key, the file and the reason; also a preview goes on."""
    path = kubeconfig(tmp_path / "config", prod="https://prod:6443")

    def denied(self: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_text", denied)
    missing = cluster.locate(NAMED, [path]).missing
    assert missing == f"slipway:cluster.kubeconfig: {path}: Permission denied; allowed: a kubeconfig that can be read"


def test_behind_a_proxy_the_server_itself_is_not_tried(tmp_path: Path) -> None:
    """It need not be reachable from here: a proxy of the environment, or one that the kubeconfig names."""
    path = kubeconfig(tmp_path / "config", prod="https://prod:6443")
    located = cluster.locate(NAMED, [path])
    cluster.require(located, {"https"}, refused)
    with pytest.raises(ClusterError, match="nothing answers"):
        cluster.require(located, {"http"}, refused)

    path.write_text(path.read_text().replace("server:", "proxy-url: http://proxy:3128\n    server:"))
    cluster.require(cluster.locate(NAMED, [path]), connect=refused)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_is_never_behind_a_proxy(tmp_path: Path, host: str) -> None:
    """A local cluster that has stopped is found out at once."""
    located = cluster.locate(NAMED, [kubeconfig(tmp_path / "config", prod=f"https://{host}:6443")])
    with pytest.raises(ClusterError, match="nothing answers"):
        cluster.require(located, {"https"}, refused)


def test_the_real_connection_is_refused_where_nothing_listens(tmp_path: Path) -> None:
    """The default connector is a socket: the discard port of this machine answers no."""
    located = cluster.locate(NAMED, [kubeconfig(tmp_path / "config", prod="https://127.0.0.1:9")])
    with pytest.raises(ClusterError, match="nothing answers"):
        cluster.require(located)
