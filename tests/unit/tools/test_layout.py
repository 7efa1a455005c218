"""Ports are taken from the system, kept with the cluster, and a fixed one that is taken is named."""

import socket
from pathlib import Path

import pytest

from tests.unit.tools import support
from tools.cluster import layout as layouts
from tools.errors import PortInUse


def test_a_new_cluster_gets_distinct_free_ports(tmp_path: Path) -> None:
    """No two processes share a port."""
    ports = layouts.of(support.settings(tmp_path)).ports
    numbers = [getattr(ports, name) for name in layouts.Ports.__dataclass_fields__]
    assert len(set(numbers)) == len(numbers)
    assert all(layouts.is_free(n) for n in numbers)


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
