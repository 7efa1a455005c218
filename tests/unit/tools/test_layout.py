"""Ports are free ones, kept with the cluster, and a fixed one that is taken is named."""

import socket
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools.cluster import layout as layouts
from tools.errors import PortInUse, ToolError
from tools.settings import DEFAULT_INGRESS_PORT, DEFAULT_REGISTRY_PORT


def test_a_new_cluster_gets_distinct_free_ports(tmp_path: Path) -> None:
    """No two processes share a port."""
    ports = layouts.of(support.settings(tmp_path)).ports
    numbers = [getattr(ports, name) for name in layouts.Ports.__dataclass_fields__]
    assert len(set(numbers)) == len(numbers)
    assert all(layouts.is_free(n) for n in numbers)


def test_a_free_port_is_none_that_the_system_gives_away(tmp_path: Path) -> None:
    """Nor one that is taken: what is started on it a while later must still get it."""
    with socket.socket() as taken:
        [port] = layouts.free_ports(1)
        taken.bind(("127.0.0.1", port))
        found = layouts.free_ports(500)
    assert len(set(found)) == 500
    assert port not in found
    assert set(found) <= set(layouts.QUIET_PORTS)
    assert layouts.QUIET_PORTS.stop <= 30000


def test_a_cluster_that_was_made_keeps_its_ports(tmp_path: Path) -> None:
    """A restart changes no address."""
    settings = support.settings(tmp_path)
    first = layouts.of(settings)
    layouts.save(first)
    assert layouts.of(settings) == first


def test_a_fixed_port_that_is_taken_is_an_error_that_names_its_setting(tmp_path: Path) -> None:
    """The user learns which variable moves the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=f"SLIPWAY_REGISTRY_PORT={port}: the port is in use"):
            layouts.of(support.settings(tmp_path, registry_port=port))


def test_registry_and_ingress_cannot_share_a_port(tmp_path: Path) -> None:
    """The second one would fail with somebody else's words."""
    [port] = layouts.free_ports(1)
    with pytest.raises(ToolError, match=f"SLIPWAY_REGISTRY_PORT and SLIPWAY_INGRESS_PORT are both {port}"):
        layouts.of(support.settings(tmp_path, registry_port=port, ingress_port=port))


def test_another_port_than_the_cluster_was_made_with_is_refused(tmp_path: Path) -> None:
    """Image references carry it: it can't change under them, and must not be ignored in silence."""
    made = layouts.of(support.settings(tmp_path))
    asked = support.settings(tmp_path, ingress_port=4321)
    with pytest.raises(
        ToolError, match=f"SLIPWAY_INGRESS_PORT=4321: .* made with port {made.ports.ingress}; `make down`"
    ):
        layouts.check_ports(asked, made, ["registry", "caddy"])


@pytest.mark.parametrize("ports", [(0, 0), (DEFAULT_REGISTRY_PORT, DEFAULT_INGRESS_PORT)])
def test_a_cluster_on_other_ports_is_found_without_naming_them(ports: tuple[int, int], tmp_path: Path) -> None:
    """Any free one, or nothing set: both mean the ones that it has."""
    made = layouts.of(support.settings(tmp_path))
    asked = support.settings(tmp_path, registry_port=ports[0], ingress_port=ports[1])
    layouts.check_ports(asked, made, [])


def test_a_stopped_cluster_whose_port_was_taken_is_an_error_that_names_its_setting(tmp_path: Path) -> None:
    """Not a daemon that was not ready within 90 seconds."""
    settings = support.settings(tmp_path)
    made = layouts.of(settings)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", made.ports.registry))
        taken.listen()
        layouts.check_ports(settings, made, ["registry", "caddy"])
        with pytest.raises(PortInUse, match=f"SLIPWAY_REGISTRY_PORT={made.ports.registry}"):
            layouts.check_ports(settings, made, ["caddy"])


def test_a_state_folder_whose_sockets_would_have_too_long_paths_is_refused_with_both_numbers() -> None:
    """The kubelet would end with "invalid argument" after half the cluster was started."""
    layouts.check_length(Path("/" + "a" * 64))
    with pytest.raises(ToolError, match=r"has 66 characters; at most 65 are allowed"):
        layouts.check_length(Path("/" + "a" * 65))
