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
    return not selecting or any(_fits(rule, other, direction, port, protocol, pod.namespace) for rule in rules)


def _fits(
    rule: Mapping[str, Any], other: End, direction: str, port: int, protocol: str, own_namespace: str | None
) -> bool:
    """No peers means anybody, no ports means all."""
    peers = rule.get("from" if direction == "ingress" else "to") or []
    ports = rule.get("ports") or []
    is_peer = not peers or any(_is_peer(peer, other, own_namespace) for peer in peers)
    return is_peer and (not ports or any(_is_port(each, port, protocol) for each in ports))


def _is_port(wanted: Mapping[str, Any], port: int, protocol: str) -> bool:
    """A number, a range of numbers, or all of a protocol."""
    if wanted.get("protocol", "TCP") != protocol:
        return False
    least = wanted.get("port")
    return least is None or least <= port <= wanted.get("endPort", least)


def _is_peer(peer: Mapping[str, Any], other: End, own_namespace: str | None) -> bool:
    """A block of addresses; or pods, by their namespace's labels and their own; without the former, of one's own."""
    if "ipBlock" in peer:
        block, address = peer["ipBlock"], ip_address(other.address)
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(cidr) for cidr in block.get("except", [])
        )
    if other.namespace is None:
        return False
    if "namespaceSelector" in peer:
        is_inside = _selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": other.namespace})
    else:
        is_inside = other.namespace == own_namespace
    return is_inside and _selects(peer.get("podSelector", {}), other.labels)


def _selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """All of it holds. An operator that is not known here is an error, not a yes."""
    wanted: Mapping[str, str] = selector.get("matchLabels", {})
    expressions = selector.get("matchExpressions", [])
    return wanted.items() <= labels.items() and all(_holds(each, labels) for each in expressions)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise AssertionError(f"no such operator: {other}")
