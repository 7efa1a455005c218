"""kube-scheduler's filters on plain data."""

from typing import Any

import pytest

from infra.cost.scheduling import (
    REQUIRED,
    attractions,
    means_namespace,
    pod_labels,
    refusals,
    selector,
    selects,
    spread_rules,
    tolerates,
)
from infra.cost.types import Resources, Shape, Workload
from kube.label_selectors import matches

LABELS = {"zone": "a", "rank": "7"}


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    """A spec with required node affinity."""
    return {"affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": list(terms)}}}}


def says(key: str, operator: str, *values: str) -> dict[str, Any]:
    """A term of one expression."""
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "is_selected"),
    [
        (says("zone", "In", "a", "b"), True),
        (says("zone", "NotIn", "a"), False),
        (says("other", "NotIn", "a"), True),
        (says("other", "Exists"), False),
        (says("other", "DoesNotExist"), True),
        (says("rank", "Gt", "6"), True),
        (says("rank", "Gt", "7"), False),
        (says("rank", "Lt", "8"), True),
        (says("zone", "Gt", "6"), False),
        (says("rank", "Gt", "six"), False),
        (says("other", "Lt", "8"), False),
        ({}, False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}, False),
        ({"matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": ["n1"]}]}, True),
    ],
)
def test_node_affinity(term: dict[str, Any], is_selected: bool) -> None:
    """Each operator, labels that are not there, and names of nodes, which those to be bought do not have yet."""
    assert selects(affinity(term), LABELS) is is_selected


def test_one_term_is_enough_and_all_of_its_expressions_are_needed() -> None:
    """Terms are alternatives."""
    both = {
        "matchExpressions": [*says("zone", "In", "a")["matchExpressions"], *says("rank", "Lt", "3")["matchExpressions"]]
    }
    assert not selects(affinity(both), LABELS)
    assert selects(affinity(both, says("rank", "Exists")), LABELS)
    assert not selects(affinity(), LABELS)


def test_the_node_selector_counts_beside_affinity() -> None:
    """Both must allow the node."""
    assert selects({"nodeSelector": {"zone": "a"}}, LABELS)
    assert not selects({"nodeSelector": {"zone": "b"}, **affinity(says("zone", "In", "a"))}, LABELS)


TAINT = {"key": "gpu", "value": "present", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("toleration", "is_tolerated"),
    [
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "gpu", "value": "present"}, True),
        ({"key": "gpu", "operator": "Equal", "value": "other"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"key": "other", "operator": "Exists"}, False),
        ({"value": "present"}, False),
        ({"key": "gpu", "operator": "Gt", "value": "present"}, False),
    ],
)
def test_tolerations(toleration: dict[str, str], is_tolerated: bool) -> None:
    """Key, operator, value and effect."""
    assert tolerates({"tolerations": [toleration]}, [TAINT]) is is_tolerated


def test_every_hard_taint_must_be_tolerated_and_soft_ones_need_not() -> None:
    """PreferNoSchedule keeps nobody away."""
    assert tolerates({}, [{**TAINT, "effect": "PreferNoSchedule"}])
    assert not tolerates({"tolerations": [{"key": "gpu", "operator": "Exists"}]}, [TAINT, {**TAINT, "key": "spot"}])


def test_only_rules_that_forbid_count() -> None:
    """ScheduleAnyway and preferences only wish."""
    hard = {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    assert spread_rules({"topologySpreadConstraints": [hard, {**hard, "whenUnsatisfiable": "ScheduleAnyway"}]}) == [
        hard
    ]
    term = {"topologyKey": "zone"}
    spec = {"affinity": {"podAffinity": {REQUIRED: [term]}, "podAntiAffinity": {"preferredDuring": [term]}}}
    assert (attractions(spec), refusals(spec)) == ([term], [])


def workload(kind: str = "Deployment") -> Workload:
    """With one label."""
    return Workload(kind, "slipway", "gemma", Shape(Resources(), {"app": "gemma"}), 1, 1)


def test_pods_carry_the_label_of_their_controller() -> None:
    """What matchLabelKeys usually names; a bare pod has none."""
    assert pod_labels(workload()) == {"app": "gemma", "pod-template-hash": "slipway/gemma"}
    assert pod_labels(workload("StatefulSet"))["controller-revision-hash"] == "slipway/gemma"
    assert pod_labels(workload("Pod")) == {"app": "gemma"}


def test_match_label_keys_narrow_the_selector() -> None:
    """To the pod's own value of each label that it has; mismatchLabelKeys to all others."""
    own = pod_labels(workload())
    rule = {"labelSelector": {"matchLabels": {"app": "gemma"}}, "matchLabelKeys": ["pod-template-hash", "absent"]}
    assert matches(selector(rule, own), own)
    assert not matches(selector(rule, own), {**own, "pod-template-hash": "other"})
    others = {"labelSelector": {}, "mismatchLabelKeys": ["pod-template-hash"]}
    assert not matches(selector(others, own), own)
    assert matches(selector(others, own), {"pod-template-hash": "other"})


def test_a_rule_without_a_selector_means_nobody() -> None:
    """An empty one means all."""
    assert not matches(selector({"matchLabelKeys": ["app"]}, {"app": "gemma"}), {"app": "gemma"})
    assert matches(selector({"labelSelector": {}}, {}), {"app": "gemma"})


@pytest.mark.parametrize(
    ("term", "meant"),
    [
        ({}, {"own"}),
        ({"namespaces": ["a"]}, {"a"}),
        ({"namespaces": [], "namespaceSelector": None}, {"own"}),
        ({"namespaceSelector": {}}, {"own", "a", "b"}),
        ({"namespaces": ["a"], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "b"}}}, {"a", "b"}),
        ({"namespaceSelector": {"matchLabels": {"team": "x"}}}, set()),
    ],
)
def test_namespaces_of_an_affinity_term(term: dict[str, Any], meant: set[str]) -> None:
    """Its own if it names none; of namespaces only the name is known."""
    assert {each for each in ("own", "a", "b") if means_namespace(term, "own", each)} == meant
