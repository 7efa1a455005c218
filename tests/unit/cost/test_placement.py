"""Where a pod may go, as data that the packing can trust."""

from typing import Any

from hypothesis import given

from infra.cost.placement import REQUIRED, placement
from infra.cost.scheduling import selects, tolerates
from tests.unit.cost.manifests import UNKNOWN, pod_of, pod_spec
from tests.unit.policies.json_data import values

SPREAD = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}


def test_the_rules_that_must_be_kept_are_taken_as_they_are() -> None:
    """Selector, tolerations, spread, required affinity."""
    term = {"matchExpressions": [{"key": "a", "operator": "Exists"}]}
    refusal = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}}
    spec = pod_spec(
        nodeSelector={"pool": "gpu"},
        tolerations=[{"operator": "Exists"}],
        topologySpreadConstraints=[SPREAD],
        affinity={
            "nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [term]}},
            "podAntiAffinity": {REQUIRED: [refusal]},
        },
    )
    assert placement(pod_of(spec)) == {name: spec[name] for name in spec if name != "containers"}


def test_preferences_and_empty_fields_are_left_out() -> None:
    """They keep no pod off a node."""
    prefers = {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}
    assert placement(pod_of(pod_spec(affinity=prefers, nodeSelector={}, tolerations=None))) == {}


def test_what_is_unknown_is_left_out_and_noted() -> None:
    """The value of a selector, or a whole constraint."""
    pod = pod_of(
        pod_spec(
            nodeSelector={"zone": UNKNOWN, "pool": "a"}, topologySpreadConstraints=[{**SPREAD, "maxSkew": UNKNOWN}]
        )
    )
    assert placement(pod) == {"nodeSelector": {"pool": "a"}}
    assert sorted(path for _, path in pod.template.trace.unknown) == [
        "spec.nodeSelector.zone",
        "spec.topologySpreadConstraints[0].maxSkew",
    ]


def test_what_the_api_would_refuse_is_left_out() -> None:
    """A skew of nothing, a toleration that is text."""
    pod = pod_of(pod_spec(topologySpreadConstraints=[{**SPREAD, "maxSkew": 0}], tolerations=["all"]))
    assert placement(pod) == {}


@given(values)
def test_any_data_is_a_placement_that_can_be_asked(data: Any) -> None:
    """Nothing in it makes the scheduler's questions fail."""
    for name in ("nodeSelector", "tolerations", "topologySpreadConstraints"):
        spec = placement(pod_of(pod_spec(**{name: data})))
        assert isinstance(selects(spec, {"a": "1"}), bool)
        assert isinstance(tolerates(spec, [{"key": "a", "effect": "NoSchedule"}]), bool)
