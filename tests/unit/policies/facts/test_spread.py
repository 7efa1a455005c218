"""What keeps the pods of a workload apart."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts import spread

LABELS = {"app": "a"}
MINE = {"matchLabels": LABELS}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def is_spread(**spec: Any) -> Any:
    """Over nodes or zones."""
    pod = Object({"kind": "Pod", "metadata": {"namespace": "one"}, "spec": spec}).pods(Trace())[0]
    return spread.is_spread(pod, LABELS, (spread.NODE, spread.ZONE))


def apart(kind: str, term: Any) -> dict[str, Any]:
    """An anti-affinity of one term."""
    return {"podAntiAffinity": {kind: [term]}}


@pytest.mark.parametrize("key", [spread.NODE, spread.ZONE])
def test_constraints_and_both_kinds_of_anti_affinity_keep_apart(key: str) -> None:
    """Over each of the keys that are asked for."""
    term = {"topologyKey": key, "labelSelector": MINE}
    assert is_spread(topologySpreadConstraints=[term]) is True
    assert is_spread(affinity=apart(REQUIRED, term)) is True
    assert is_spread(affinity=apart(PREFERRED, {"weight": 1, "podAffinityTerm": term})) is True
    assert is_spread(affinity=apart(REQUIRED, {**term, "namespaces": ["two", "one"]})) is True
    several = [{"weight": 1}, {"weight": 1, "podAffinityTerm": term}]
    assert is_spread(affinity={"podAntiAffinity": {PREFERRED: several}}) is True


@pytest.mark.parametrize(
    "term",
    [
        {},
        {"topologyKey": spread.NODE},
        {"topologyKey": "rack", "labelSelector": MINE},
        {"topologyKey": spread.NODE, "labelSelector": {"matchLabels": {"app": "b"}}},
        {"topologyKey": spread.NODE, "labelSelector": MINE, "namespaces": ["two"]},
    ],
)
def test_a_term_about_other_pods_or_places_keeps_nothing_apart(term: Any) -> None:
    """The selector must mean the pods themselves, in their namespace, and the key be one that is asked for."""
    assert is_spread(topologySpreadConstraints=[term]) is False
    assert is_spread(affinity=apart(REQUIRED, term)) is False


def test_affinity_brings_together() -> None:
    """It is not the opposite of itself."""
    term = {"topologyKey": spread.NODE, "labelSelector": MINE}
    assert is_spread(affinity={"podAffinity": {REQUIRED: [term]}}) is False
    assert is_spread() is False


@pytest.mark.parametrize(
    "spec",
    [
        {"topologySpreadConstraints": UNKNOWN},
        {"topologySpreadConstraints": [{"topologyKey": UNKNOWN, "labelSelector": MINE}]},
        {"topologySpreadConstraints": [{"topologyKey": spread.NODE, "labelSelector": UNKNOWN}]},
        {"affinity": UNKNOWN},
        {"affinity": apart(REQUIRED, {"topologyKey": spread.NODE, "labelSelector": MINE, "namespaces": [UNKNOWN]})},
    ],
)
def test_what_only_up_knows_leaves_it_open(spec: Any) -> None:
    """Neither spread nor not."""
    assert is_spread(**spec) is UNKNOWN


def test_one_term_that_is_known_is_enough() -> None:
    """Whatever the others turn out to be."""
    assert is_spread(topologySpreadConstraints=[UNKNOWN, {"topologyKey": spread.ZONE, "labelSelector": MINE}]) is True
