"""What NetworkPolicies let through, judged as Kubernetes defines it: policies and two ends -> allowed or not. Pure.

A connection passes when the sender may send it and the receiver may take it. An end that no policy selects for a
direction is free in it; one that is selected needs a rule that fits. Only what our policies use is understood.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any


@dataclass(frozen=True, slots=True)
class End:
    """One end of a connection: a pod with its namespace and labels, or, without a namespace, a mere address."""

    address: str
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def is_allowed(
    policies: Sequence[Mapping[str, Any]], source: End, target: End, port: int, protocol: str = "TCP"
) -> bool:
    """Whether a connection is let out at its source and let in at its target."""
    out = _passes(policies, source, target, "egress", port, protocol)
    return out and _passes(policies, target, source, "ingress", port, protocol)


def _passes(
    policies: Sequence[Mapping[str, Any]], pod: End, other: End, direction: str, port: int, protocol: str
) -> bool:
    selecting = [
        one["spec"]
        for one in policies
        if one["metadata"]["namespace"] == pod.namespace
        and direction.capitalize() in one["spec"]["policyTypes"]
        and _selects(one["spec"]["podSelector"], pod.labels)
    ]
    rules = [rule for spec in selecting for rule in spec.get(direction, [])]
    return not selecting or any(_fits(rule, other, direction, port, protocol) for rule in rules)


def _fits(rule: Mapping[str, Any], other: End, direction: str, port: int, protocol: str) -> bool:
    """No peers means anybody, no ports means all."""
    peers = rule.get("from" if direction == "ingress" else "to") or []
    ports = rule.get("ports") or []
    is_peer = not peers or any(_is_peer(peer, other) for peer in peers)
    return is_peer and (not ports or {"protocol": protocol, "port": port} in ports)


def _is_peer(peer: Mapping[str, Any], other: End) -> bool:
    if "ipBlock" in peer:
        block, address = peer["ipBlock"], ip_address(other.address)
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(cidr) for cidr in block.get("except", [])
        )
    labels = {"kubernetes.io/metadata.name": other.namespace} if other.namespace else None
    is_inside = labels is not None and _selects(peer["namespaceSelector"], labels)
    return is_inside and _selects(peer.get("podSelector", {}), other.labels)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()
