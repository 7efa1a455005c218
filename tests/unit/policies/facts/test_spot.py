"""Which pods run on spot nodes, by the labels of every provider."""

from __future__ import annotations

from typing import Any

import pytest

from kube.objects import Object, Pod
from kube.unknown import UNKNOWN
from kube.view import Trace
from policies.facts import spot

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
AWS = "karpenter.sh/capacity-type"


def pod(**spec: Any) -> Pod:
    """A pod with that spec."""
    return Object({"kind": "Pod", "spec": spec}).pods(Trace())[0]


def term(key: Any, *values: Any, operator: Any = "In") -> dict[str, Any]:
    """A term of a node affinity with one expression."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def required(*terms: Any) -> Pod:
    """A pod whose node affinity demands one of the terms."""
    return pod(affinity={"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}})


def preferred(*terms: Any) -> Pod:
    """A pod whose node affinity prefers the terms."""
    return pod(affinity={"nodeAffinity": {PREFERRED: [{"weight": 1, "preference": each} for each in terms]}})


@pytest.mark.parametrize(("key", "value", "provider"), [(key, *rest) for key, rest in spot.LABELS.items()])
def test_the_labels_of_every_provider_demand_spot(key: str, value: str, provider: str) -> None:
    """In a node selector and in a required affinity alike."""
    assert spot.demanding(pod(nodeSelector={key: value})) == {provider}
    assert spot.demanding(required(term(key, value))) == {provider}
    assert spot.preferring(preferred(term(key, value))) == {provider}
    assert spot.demanding(preferred(term(key, value))) == set()


@pytest.mark.parametrize(
    "other",
    [
        pod(),
        pod(nodeSelector={AWS: "on-demand"}),
        pod(nodeSelector={"example.com/capacity": "spot"}),
        pod(nodeSelector="spot"),
        required(),
        required(term(AWS, "on-demand")),
        required(term(AWS, "spot", "on-demand")),
        required(term(AWS, operator="In")),
        required(term(AWS, "spot", operator="NotIn")),
        required(term("example.com/capacity", "spot")),
        required(term(AWS, "spot"), term(AWS, "on-demand")),
        required(term(AWS, "spot"), {}),
    ],
)
def test_a_pod_that_may_run_elsewhere_does_not_demand_spot(other: Pod) -> None:
    """One way out is enough."""
    assert spot.demanding(other) == set()


def test_a_selector_may_demand_the_spot_nodes_of_several_providers() -> None:
    """Each has labels of its own."""
    several = {"cloud.google.com/gke-spot": "true", AWS: "spot"}
    assert spot.demanding(pod(nodeSelector=several)) == {"aws", "gcp"}


def test_terms_are_alternatives_and_expressions_are_not() -> None:
    """Each term must demand spot; one expression of it is enough."""
    both = term("zone", "a")["matchExpressions"] + term(AWS, "spot")["matchExpressions"]
    gcp = term("cloud.google.com/gke-spot", "true")
    assert spot.demanding(required({"matchExpressions": both}, gcp)) == {"aws", "gcp"}


def test_a_selector_demands_spot_whatever_the_affinity_allows() -> None:
    """Both must hold."""
    terms = {REQUIRED: {"nodeSelectorTerms": [term(AWS, "on-demand")]}}
    assert spot.demanding(pod(nodeSelector={AWS: "spot"}, affinity={"nodeAffinity": terms})) == {"aws"}


def test_who_demands_spot_also_prefers_it() -> None:
    """And one preference among others counts."""
    assert spot.preferring(pod(nodeSelector={AWS: "spot"})) == {"aws"}
    assert spot.preferring(preferred(term("zone", "a"), term(AWS, "spot"))) == {"aws"}
    assert spot.preferring(preferred(term("zone", "a"))) == set()
    assert spot.preferring(pod()) == set()


@pytest.mark.parametrize(
    "spec",
    [
        {"nodeSelector": UNKNOWN},
        {"nodeSelector": {AWS: UNKNOWN}},
        {"affinity": UNKNOWN},
        {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term(AWS, UNKNOWN)]}}}},
    ],
)
def test_what_is_not_known_demands_nothing_and_is_noted(spec: dict[str, Any]) -> None:
    """So it is reported as undecided."""
    trace = Trace()
    unknown = Object({"kind": "Pod", "spec": spec}).pods(trace)[0]
    assert spot.demanding(unknown) == set()
    assert trace.unknown


def test_every_taint_is_of_a_known_provider() -> None:
    """And so are the labels."""
    assert {provider for _, provider in spot.LABELS.values()} == {"aws", "gcp", "azure"}
    assert set(spot.TAINTS) == {"azure"}
