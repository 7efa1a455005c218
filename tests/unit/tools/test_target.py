"""A named kubeconfig wins, and one that can't be used says why in one message."""

import socket
from pathlib import Path

import pytest
import yaml

from tools.errors import ClusterUnreachable, ToolError
from tools.target import of_kubeconfig


def kubeconfig(folder: Path, server: str) -> Path:
    path = folder / "config"
    path.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
                "clusters": [{"name": "k", "cluster": {"server": server}}],
                "users": [{"name": "u", "user": {}}],
            }
        )
    )
    return path


def test_a_kubeconfig_that_answers_nothing_is_named_with_its_server_and_context(tmp_path: Path) -> None:
    """The user sees which address was tried."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with pytest.raises(ClusterUnreachable, match=rf"nothing answers at https://127.0.0.1:{port} \(context 'c'\)"):
        of_kubeconfig(kubeconfig(tmp_path, f"https://127.0.0.1:{port}"), {"SLIPWAY_REGISTRY": "r"})


def test_a_file_that_is_no_kubeconfig_is_an_error(tmp_path: Path) -> None:
    """Also when it is no YAML at all."""
    for text in ("{}", "current-context: x", "\x00", "[1"):
        path = tmp_path / "bad"
        path.write_text(text)
        with pytest.raises(ToolError, match="not a kubeconfig"):
            of_kubeconfig(path, {})


def test_a_cluster_of_ones_own_needs_a_registry_that_it_can_pull_from(tmp_path: Path) -> None:
    """The missing setting is named before anything is built."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        path = kubeconfig(tmp_path, f"https://127.0.0.1:{s.getsockname()[1]}")
        with pytest.raises(ToolError, match="SLIPWAY_REGISTRY is not set"):
            of_kubeconfig(path, {})
        endpoints = of_kubeconfig(path, {"SLIPWAY_REGISTRY": "registry.test/team"})
    assert (endpoints.context, endpoints.registry, endpoints.builder) == ("c", "registry.test/team", None)
