"""Who gets through our chains. A few lines read the rules as iptables does, from the first to the last."""

import ipaddress
from dataclasses import dataclass

import pytest

from tools.cluster.firewall import Chain, chains
from tools.cluster.layout import API_SERVICE_IP, BRIDGE, NODE_IP

POD = "10.244.0.12"
CHAINS = {c.name: c for c in chains(6443)}


@dataclass(frozen=True)
class Packet:
    """What the rules look at."""

    i: str
    d: str = POD
    o: str = ""
    ctstate: str = "NEW"


def verdict(chain: Chain, packet: Packet) -> str:
    """The target of the first rule that matches."""
    for rule in chain.rules:
        flags = dict(zip(rule[::2], rule[1::2], strict=True))
        matches = (
            flags.get("-i", packet.i) == packet.i
            and flags.get("-o", packet.o) == packet.o
            and ipaddress.ip_address(packet.d) in ipaddress.ip_network(flags.get("-d", "0.0.0.0/0"))
            and packet.ctstate in flags.get("--ctstate", packet.ctstate).split(",")
        )
        if matches:
            return flags["-j"]
    return "RETURN"


@pytest.mark.parametrize("address", [POD, NODE_IP, API_SERVICE_IP, "127.0.0.1"])
def test_a_neighbour_reaches_nothing_inside(address: str) -> None:
    """Not pods, not kubelet and API server, not services, not what listens on loopback: whatever route he set."""
    assert verdict(CHAINS["SLIPWAY-PRE"], Packet("eth0", address)) == "DROP"


@pytest.mark.parametrize("address", [POD, NODE_IP, API_SERVICE_IP])
@pytest.mark.parametrize("source", [BRIDGE, "lo"])
def test_pods_and_the_machine_itself_reach_all_of_it(source: str, address: str) -> None:
    """That is what the cluster is for."""
    assert verdict(CHAINS["SLIPWAY-PRE"], Packet(source, address)) == "RETURN"


def test_what_is_sent_to_the_machine_itself_is_not_ours() -> None:
    """Also answers to pods: before the translation they carry the machine's address."""
    assert verdict(CHAINS["SLIPWAY-PRE"], Packet("eth0", "192.0.2.7")) == "RETURN"


def test_pods_reach_the_outside_and_each_other_and_only_answers_come_back() -> None:
    """Also where the policy of FORWARD is DROP, and where somebody's rule translates an outside address to a pod."""
    forward = CHAINS["SLIPWAY"]
    assert verdict(forward, Packet(BRIDGE, "192.0.2.7", "eth0")) == "ACCEPT"
    assert verdict(forward, Packet(BRIDGE, POD, BRIDGE)) == "ACCEPT"
    assert verdict(forward, Packet("eth0", POD, BRIDGE, "ESTABLISHED")) == "ACCEPT"
    assert verdict(forward, Packet("eth0", POD, BRIDGE)) == "DROP"
    assert verdict(forward, Packet("eth0", "192.0.2.7", "docker0")) == "RETURN"


def test_the_guard_is_set_before_anything_is_opened() -> None:
    """No moment without it."""
    assert chains(6443)[0].name == "SLIPWAY-PRE"


def test_the_api_server_answers_on_loopback_under_its_port() -> None:
    """The kubeconfig of this machine's users names 127.0.0.1."""
    [rule] = CHAINS["SLIPWAY-OUT"].rules
    assert rule[-1] == f"{NODE_IP}:6443"
