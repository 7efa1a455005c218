"""Rendered configuration parses and says what must hold."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.unit.tools import support
from tools.cluster import configs
from tools.cluster.layout import BRIDGE, NODE_IP


def test_every_file_is_valid_in_its_format(tmp_path: Path) -> None:
    """A typo shows here, not in a daemon's log."""
    rendered = configs.render(support.layout(tmp_path), support.programs(tmp_path))
    parsers: dict[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".yaml": yaml.safe_load,
        ".json": json.loads,
        ".conflist": json.loads,
    }
    for name, text in rendered.items():
        parse = parsers.get(Path(name).suffix)
        assert parse is None or parse(text), name


def test_pods_use_the_bridge_whose_address_the_node_has(tmp_path: Path) -> None:
    """Otherwise pods could not reach the node's services."""
    plugin = json.loads(configs.cni(support.layout(tmp_path)))["plugins"][0]
    assert plugin["bridge"] == BRIDGE
    assert plugin["ipam"]["ranges"][0][0]["gateway"] == NODE_IP


def test_the_kubelet_lets_nobody_in_without_a_certificate_or_token(tmp_path: Path) -> None:
    """Its API can run commands in pods."""
    config = yaml.safe_load(configs.kubelet(support.layout(tmp_path)))
    assert config["authentication"]["anonymous"]["enabled"] is False
    assert config["authorization"]["mode"] == "Webhook"


def test_registry_and_ingress_listen_on_loopback_only(tmp_path: Path) -> None:
    """Nothing of a local cluster is offered to the network."""
    layout = support.layout(tmp_path)
    assert yaml.safe_load(configs.registry(layout))["http"]["addr"] == f"127.0.0.1:{layout.ports.registry}"
    [listen] = configs.caddy_start(layout)["apps"]["http"]["servers"]["ingress"]["listen"]
    assert listen == f"127.0.0.1:{layout.ports.ingress}"


def test_node_ports_are_served_on_loopback_only(tmp_path: Path) -> None:
    """As above, for services of type NodePort."""
    assert yaml.safe_load(configs.kube_proxy(support.layout(tmp_path)))["nodePortAddresses"] == ["127.0.0.0/8"]


def test_containerd_and_the_builder_keep_to_the_state_folder(tmp_path: Path) -> None:
    """Their defaults lie in /run and /opt, where those of a Docker installation are."""
    layout, programs = support.layout(tmp_path), support.programs(tmp_path)
    rendered = configs.render(layout, programs)
    containerd = tomllib.loads(rendered["containerd.toml"])
    plugins = containerd["plugins"]
    runc = plugins["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["runc"]["options"]
    builder = tomllib.loads(rendered["buildkitd.toml"])
    assert plugins["io.containerd.nri.v1.nri"]["disable"] is True
    for path in (
        containerd["root"], containerd["state"], plugins["io.containerd.internal.v1.opt"]["path"], runc["Root"],
        builder["otel"]["socketPath"],
    ):  # fmt: skip
        assert Path(path).is_relative_to(layout.dir), path
