"""Rules between pods, by hand: what kube-scheduler's plugins would say of each node."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from infra.cost.packing import pack
from infra.cost.spread import HOSTNAME, ZONE, not_modelled
from infra.cost.types import Capacity, NodeType, Packing, Pool, Workload
from infra.units import GI
from tests.unit.cost.stacks import GPU_TAINT, workload

NODE = NodeType("none", "node", 8000, 32 * GI)
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
ZONES = ("a", "b", "c")
OWN = {"matchLabels": {"app": "app"}}


def pool(name: str = "pool", zones: tuple[str, ...] = ZONES, **changed: Any) -> Pool:
    """Nodes of 8 cores."""
    return Pool(name, (NODE,), Capacity.ON_DEMAND, zones, **changed)


def packed(wanted: list[tuple[Workload, int]], *pools: Pool) -> Packing:
    """All nodes cost the same."""
    return pack(wanted, pools or (pool(),), lambda _pool, _node: Fraction(1))


def even(key: str = ZONE, **changed: Any) -> dict[str, Any]:
    """A spec with one spread constraint over the pod's own app."""
    rule = {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": OWN, **changed}
    return {"topologySpreadConstraints": [rule]}


def affinity(kind: str, *terms: dict[str, Any]) -> dict[str, Any]:
    """A spec with required terms."""
    return {"affinity": {kind: {REQUIRED: list(terms)}}}


def term(key: str = HOSTNAME, app: str = "app", **more: Any) -> dict[str, Any]:
    """About the pods of an app."""
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}, **more}


def by_zone(packing: Packing, name: str = "app") -> dict[str, int]:
    """Pods of a workload."""
    found: Counter[str] = Counter()
    for node in packing.nodes:
        found[node.zone] += sum(count for each, count in node.pods if each.name == name)
    return dict(+found)


def by_node(packing: Packing, name: str = "app") -> list[int]:
    """Pods of a workload on each node."""
    return [sum(count for each, count in node.pods if each.name == name) for node in packing.nodes]


def unplaced(packing: Packing) -> int:
    """How many pods fit nowhere."""
    return sum(count for _, count, _ in packing.unplaced)


def test_zones_fill_evenly_although_one_node_would_hold_all() -> None:
    """All zones of the pool count, also those that have no node yet; 5 pods: 2, 2, 1."""
    assert by_zone(packed([(workload(spec=even()), 5)])) == {"a": 2, "b": 2, "c": 1}
    assert by_node(packed([(workload(), 5)])) == [5]


def test_a_larger_skew_leaves_zones_empty() -> None:
    """With 2 the first two pods share a node; the third would make 3 against 0."""
    assert by_zone(packed([(workload(spec=even(maxSkew=2)), 2)])) == {"a": 2}
    assert by_zone(packed([(workload(spec=even(maxSkew=2)), 3)])) == {"a": 2, "b": 1}


def test_a_zone_that_can_grow_no_more_stops_the_others() -> None:
    """Zone c belongs to a pool of one node that holds 8 pods: the others may have 9 each."""
    pools = pool("ab", ("a", "b")), pool("c", ("c",), max_nodes=1)
    found = packed([(workload(memory_gib=1, spec=even()), 30)], *pools)
    assert (by_zone(found), unplaced(found)) == ({"a": 9, "b": 9, "c": 8}, 4)


def test_only_zones_that_the_pods_select_count() -> None:
    """Two of three by node affinity."""
    terms = [{"matchExpressions": [{"key": ZONE, "operator": "NotIn", "values": ["b"]}]}]
    spec = {**even(), "affinity": {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}}
    assert by_zone(packed([(workload(spec=spec), 4)])) == {"a": 2, "c": 2}


@pytest.mark.parametrize(("policy", "placed"), [({}, 1), ({"nodeTaintsPolicy": "Honor"}, 4)])
def test_tainted_nodes_count_unless_the_rule_honours_taints(policy: dict[str, str], placed: int) -> None:
    """A node with GPUs in zone b, which the pods don't tolerate, has none of them: zone a may have one more than it."""
    pools = pool("gpu", ("b",), taints=(GPU_TAINT,), min_nodes=1), pool("plain", ("a",))
    found = packed([(workload(spec=even(**policy)), 4)], *pools)
    assert by_zone(found) == {"a": placed}


def test_hosts_are_those_that_are_there_full_ones_too() -> None:
    """Two nodes that others fill stay without a pod of the workload: 1 on each of its own."""
    large = workload("large", cpu_m=8000)
    found = packed([(large, 2), (workload(spec=even(HOSTNAME)), 3)])
    assert by_node(found) == [0, 0, 1, 1, 1]
    assert by_node(packed([(workload(spec=even(HOSTNAME)), 3)])) == [3]


def test_with_two_hosts_pods_alternate() -> None:
    """5 pods on two nodes that are there: 3 and 2."""
    assert by_node(packed([(workload(spec=even(HOSTNAME)), 5)], pool(min_nodes=2))) == [3, 2]


def test_least_domains_force_more_hosts() -> None:
    """With fewer than three hosts none may have more than one."""
    assert by_node(packed([(workload(spec=even(HOSTNAME, minDomains=3)), 4)])) == [2, 1, 1]


def test_only_pods_of_the_namespace_and_the_selector_count() -> None:
    """Another namespace's pods of the same labels do not, another workload's do."""
    labelled = workload("other", spec={}, memory_gib=1)
    shape = type(labelled.shape)(labelled.shape.requests, {"app": "app"}, {}, 5)
    for namespace, zones in (("slipway", {"b": 1, "c": 1}), ("elsewhere", {"a": 1, "b": 1})):
        before = Workload("Deployment", namespace, "other", shape, 1, 1)
        found = packed([(before, 1), (workload(memory_gib=1, spec=even()), 2)])
        assert by_zone(found) == zones


def test_match_label_keys_count_only_the_workload_s_own_revision() -> None:
    """Two workloads of one app do not see each other."""
    spec = even(matchLabelKeys=["pod-template-hash"])
    first, second = (workload("app", spec=spec, memory_gib=1) for _ in range(2))
    second = Workload("Deployment", "slipway", "second", second.shape, 1, 1)
    found = packed([(first, 1), (second, 1)])
    assert len(found.nodes) == 1


def test_a_rule_over_a_label_of_the_pools_is_kept() -> None:
    """Spread over capacity: of spot and on demand."""
    pools = pool("plain"), Pool("spot", (NODE,), Capacity.SPOT, ZONES)
    found = packed([(workload(spec=even("karpenter.sh/capacity-type")), 4)], *pools)
    assert sorted(node.pool.name for node in found.nodes) == ["plain", "spot"]
    assert by_node(found) == [2, 2]


def test_a_rule_over_a_label_that_no_node_has_is_left_out_and_named() -> None:
    """A real cluster may have it."""
    pods = workload(spec=even("rack"))
    assert by_node(packed([(pods, 3)])) == [3]
    assert not_modelled(pods) == ["rack"]
    assert not_modelled(workload(spec=even(ZONE))) == []
    assert not_modelled(pods, {"rack"}) == []


def test_a_preference_forces_nothing() -> None:
    """ScheduleAnyway."""
    assert by_node(packed([(workload(spec=even(whenUnsatisfiable="ScheduleAnyway")), 3)])) == [3]


def test_who_refuses_its_like_by_host_or_by_zone() -> None:
    """A node each; or a zone each, of which there are three."""
    assert by_node(packed([(workload(spec=affinity("podAntiAffinity", term())), 3)])) == [1, 1, 1]
    found = packed([(workload(spec=affinity("podAntiAffinity", term(ZONE))), 4)])
    assert (by_zone(found), unplaced(found)) == ({"a": 1, "b": 1, "c": 1}, 1)


def test_who_is_refused_stays_away_though_it_has_no_rule_itself() -> None:
    """Anti-affinity counts for both; in another namespace it does not."""
    shy = workload("shy", cpu_m=2000, spec=affinity("podAntiAffinity", term()))
    assert by_node(packed([(shy, 1), (workload(), 1)])) == [0, 1]
    elsewhere = Workload("Deployment", "elsewhere", "app", workload().shape, 1, 1)
    assert by_node(packed([(shy, 1), (elsewhere, 1)])) == [1]
    everywhere = workload("shy", cpu_m=2000, spec=affinity("podAntiAffinity", term(namespaceSelector={})))
    assert by_node(packed([(everywhere, 1), (elsewhere, 1)])) == [0, 1]


def test_refusals_without_equal_labels_are_kept_too() -> None:
    """A selector of expressions alone."""
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["app", "x"]}]}
    shy = workload(
        "shy", cpu_m=2000, spec=affinity("podAntiAffinity", {"topologyKey": HOSTNAME, "labelSelector": selector})
    )
    assert by_node(packed([(shy, 1), (workload(), 1)])) == [0, 1]


def test_attracted_pods_go_where_the_others_are_or_nowhere() -> None:
    """By host there is room for 6 beside the large pod; no other node will do."""
    near = workload(spec=affinity("podAffinity", term(app="large")))
    large = workload("large", cpu_m=2000)
    found = packed([(large, 1), (near, 8)])
    assert (by_node(found), unplaced(found)) == ([6], 2)
    assert unplaced(packed([(near, 1)])) == 1


def test_attraction_by_zone_buys_in_that_zone() -> None:
    """Next to the large pod's node."""
    near = workload(cpu_m=8000, memory_gib=1, spec=affinity("podAffinity", term(ZONE, app="large")))
    found = packed([(workload("large", cpu_m=8000, memory_gib=9), 1), (near, 2)])
    assert by_zone(found) == {"a": 2}


def test_the_first_of_a_group_that_is_attracted_by_itself_may_go_anywhere() -> None:
    """The others follow it: a host has room for 8."""
    found = packed([(workload(spec=affinity("podAffinity", term())), 9)])
    assert (by_node(found), unplaced(found)) == ([8], 1)


def test_two_attractions_must_be_met_by_pods_that_meet_both() -> None:
    """kube-scheduler counts only pods that all terms mean: one that has one of the labels draws nobody."""
    both = affinity("podAffinity", term(app="large"), term(app="other"))
    found = packed([(workload("large", cpu_m=2000), 1), (workload("other", cpu_m=1500), 1), (workload(spec=both), 1)])
    assert unplaced(found) == 1


def test_other_groups_of_pods_are_kept_away_by_mismatched_keys() -> None:
    """Anti-affinity to all but its own revision."""
    rule = {"topologyKey": HOSTNAME, "labelSelector": {}, "mismatchLabelKeys": ["pod-template-hash"]}
    shy = workload("shy", spec=affinity("podAntiAffinity", rule))
    found = packed([(shy, 3), (workload("other", cpu_m=500), 1)])
    assert [len(node.pods) for node in found.nodes] == [1, 1]
    assert by_node(found, "shy") == [3, 0]
