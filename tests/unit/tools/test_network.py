"""The network is refused where it would harm the machine."""

from typing import Any

import pytest

from tools.cluster import network
from tools.cluster.layout import BRIDGE, NODE_IP
from tools.errors import PrerequisiteMissing


def interface(name: str, address: str) -> dict[str, Any]:
    """As `ip -json address` prints it."""
    return {"ifname": name, "addr_info": [{"family": "inet", "local": address, "prefixlen": 24}]}


@pytest.mark.parametrize("address", ["10.96.3.4", "10.244.7.1"])
def test_a_machine_with_an_address_in_our_ranges_is_refused(address: str) -> None:
    """The firewall would drop everything that is sent to it, also its administrator's shell."""
    with pytest.raises(PrerequisiteMissing, match=f"eth0 has the address {address}"):
        network.refuse_overlap([interface("eth0", address)])


def test_other_addresses_and_our_own_bridge_are_fine() -> None:
    """A repeated start finds its own address."""
    network.refuse_overlap([interface("lo", "127.0.0.1"), interface("eth0", "10.1.2.3"), interface(BRIDGE, NODE_IP)])
