"""What a NetworkPolicy says: which directions it closes, and what its rules open.

Knows the defaults of the API. Knows no rule, and no policies of other kinds, such as Cilium's.
Source: k8s.io/api networking/v1 `NetworkPolicySpec`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from kube.unknown import UNKNOWN
from kube.view import View
from policies.facts.answers import every, some

INGRESS, EGRESS = "Ingress", "Egress"
RULES = {INGRESS: "spec.ingress", EGRESS: "spec.egress"}
PEERS = {INGRESS: "from", EGRESS: "to"}
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def closes(policy: View, direction: str) -> Any:
    """Whether the policy isolates the pods that it selects, in a direction; without types, egress only by its rules."""
    types = policy.at("spec.policyTypes")
    if types.data is UNKNOWN:
        return UNKNOWN
    if types.data is None:
        rules = policy.get(RULES[direction])
        return True if direction == INGRESS else UNKNOWN if rules is UNKNOWN else bool(rules)
    return some(
        [UNKNOWN if each.data is UNKNOWN else each.data == direction for each in policy.items("spec.policyTypes")]
    )


def rules_of(policy: View) -> Iterator[tuple[View, str]]:
    """Every rule of both directions, with the name of its list of peers."""
    for direction, path in RULES.items():
        for rule in policy.items(path):
            yield rule, PEERS[direction]


def opens_all(rule: View, peers: str) -> bool:
    """Whether a rule has no list of peers, or an empty one: then everybody is meant."""
    data = rule.get(peers)
    return data is None or data == []


def network(block: View) -> Network | None:
    """The range of an ipBlock; None where it is missing, not known, or not a range."""
    return _parsed(block.text("cidr"))


def covers(block: View, target: Network) -> Any:
    """Whether an ipBlock lets all of a range through; what `except` takes out is out."""
    holes = [block.get("except"), *(each.text("") for each in block.items("except"))]
    left = [UNKNOWN if hole is UNKNOWN else not _contains(_parsed(hole), target) for hole in holes]
    return every([_contains(network(block), target), *left])


def _parsed(cidr: Any) -> Network | None:
    try:
        found = ipaddress.ip_network(str(cidr), strict=False)
    except ValueError:
        found = None
    return found


def _contains(outer: Network | None, inner: Network) -> bool:
    return outer is not None and outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]
