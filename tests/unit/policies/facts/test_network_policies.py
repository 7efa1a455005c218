"""What a NetworkPolicy closes and opens, with the defaults of the API."""

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace, View
from policies.facts.network_policies import EGRESS, INGRESS, closes, covers, network, opens_all, rules_of


def policy(**spec: Any) -> View:
    """A policy, to look at."""
    return Object({"kind": "NetworkPolicy", "spec": spec}).view(Trace())


@pytest.mark.parametrize(
    ("spec", "ingress", "egress"),
    [
        ({}, True, False),
        ({"egress": [{}]}, True, True),
        ({"egress": []}, True, False),
        ({"egress": UNKNOWN}, True, UNKNOWN),
        ({"policyTypes": ["Egress"]}, False, True),
        ({"policyTypes": [], "egress": [{}]}, False, False),
        ({"policyTypes": UNKNOWN}, UNKNOWN, UNKNOWN),
        ({"policyTypes": ["Ingress", UNKNOWN]}, True, UNKNOWN),
    ],
)
def test_types_say_what_a_policy_closes_else_its_rules_do(spec: Any, ingress: Any, egress: Any) -> None:
    """Without types ingress is closed, and egress where there are rules for it."""
    assert closes(policy(**spec), INGRESS) is ingress
    assert closes(policy(**spec), EGRESS) is egress


def test_the_rules_of_both_directions_know_where_their_peers_are() -> None:
    """`from` for what comes in, `to` for what goes out."""
    found = [(rule.path, peers) for rule, peers in rules_of(policy(ingress=[{}], egress=[{}, {}]))]
    assert found == [("spec.ingress[0]", "from"), ("spec.egress[0]", "to"), ("spec.egress[1]", "to")]


@pytest.mark.parametrize(
    ("peers", "expected"), [(None, True), ([], True), ([{}], False), (UNKNOWN, False), ("all", False)]
)
def test_a_rule_without_peers_is_for_everybody(peers: Any, expected: bool) -> None:
    """Absent and empty are the same; what is not known is not judged here."""
    assert opens_all(policy(to=peers).at("spec"), "to") is expected


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"cidr": "0.0.0.0/0"}, True),
        ({"cidr": "10.0.0.0/8"}, True),
        ({"cidr": "10.0.0.0/9"}, False),
        ({"cidr": "::/0"}, False),
        ({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}, False),
        ({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/9", "::/0"]}, True),
        ({"cidr": "0.0.0.0/0", "except": [UNKNOWN]}, UNKNOWN),
        ({"cidr": "0.0.0.0/0", "except": UNKNOWN}, UNKNOWN),
        ({"cidr": "0.0.0.0/0", "except": [UNKNOWN, "10.0.0.0/8"]}, False),
        ({"cidr": "everywhere"}, False),
        ({"cidr": UNKNOWN}, False),
        ({}, False),
    ],
)
def test_a_block_covers_a_range_unless_an_exception_takes_it_out(block: Any, expected: Any) -> None:
    """An exception that takes out a part only leaves the rest reachable."""
    private = network(policy(cidr="10.0.0.0/8").at("spec"))
    assert private is not None
    assert covers(policy(**block).at("spec"), private) is expected
