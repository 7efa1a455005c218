"""Packing by kube-scheduler's finer rules, by hand; and against a packer that asks every node about every pod."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cost.offers import Offers
from infra.cost.packing import in_order, pack
from infra.cost.types import Capacity, NodeType, Packing, Pool, Resources, Shape, Workload
from infra.units import GI
from tests.conformance.fleet.stacks import stack
from tests.unit.cost.naive import Cluster
from tests.unit.cost.stacks import GPU_TAINT, TOLERATES_GPU, server, workload

# Machines without a provider's formula: all of them is for pods
SMALL = NodeType("none", "small", 4000, 16 * GI)
LARGE = NodeType("none", "large", 16000, 64 * GI)
GPU = NodeType("none", "gpu", 8000, 32 * GI, 1, "NVIDIA-L4", 24 * GI)
PRICES = {"small": Fraction(1), "large": Fraction(3), "gpu": Fraction(5)}


def price(pool: Pool, node: NodeType) -> Fraction | None:
    """By name; spot at half."""
    whole = PRICES.get(node.name)
    return whole / 2 if whole and pool.capacity is Capacity.SPOT else whole


def pool(name: str = "pool", *types: NodeType, **changed: Any) -> Pool:
    """On demand in one zone."""
    return Pool(name, types or (SMALL,), Capacity.ON_DEMAND, **changed)


def shown(packing: Packing) -> list[tuple[str, dict[str, int]]]:
    """Each node's type, and how many pods of what are on it."""
    return [(node.type.name, {each.name: count for each, count in node.pods}) for node in packing.nodes]


def test_priority_goes_before_size() -> None:
    """With one node there is room for the small important pod, then for no large one."""
    large = workload("large", cpu_m=3000, memory_gib=12)
    plain = workload("small", cpu_m=2000, memory_gib=4)
    small = replace(plain, shape=replace(plain.shape, priority=1000))
    found = pack([(large, 1), (small, 1)], [pool(max_nodes=1)], price)
    assert shown(found) == [("small", {"small": 1})]
    assert [(each.name, count) for each, count, _ in found.unplaced] == [("large", 1)]


def test_the_score_counts_the_pod_itself() -> None:
    """A pod of 3 cores and 12 GiB lands on the empty small node, 75 % full with it; the large one, which is the fuller
    one without it (50 %), would be 68 % full: (8 + 3) / 16.
    """
    half = workload("half", cpu_m=8000, memory_gib=32)
    pools = [pool("a", LARGE), pool("b", SMALL, min_nodes=1)]
    found = pack([(half, 1), (workload("pod", cpu_m=3000, memory_gib=12), 1)], pools, price)
    assert shown(found) == [("small", {"pod": 1}), ("large", {"half": 1})]


def test_what_has_no_price_is_bought_last() -> None:
    """But it is bought: the pods must run."""
    unknown = replace(SMALL, name="no price")
    assert shown(pack([(workload(), 1)], [pool("pool", unknown, LARGE)], price)) == [("large", {"app": 1})]
    assert shown(pack([(workload(), 1)], [pool("pool", unknown)], price)) == [("no price", {"app": 1})]


def test_spot_is_bought_where_it_is_cheaper_and_tolerated() -> None:
    """The taint of the pool keeps others out."""
    taint = {"key": "spot", "effect": "NoSchedule"}
    pools = [pool("plain"), Pool("spot", (SMALL,), Capacity.SPOT, taints=(taint,))]
    assert pack([(workload(), 1)], pools, price).nodes[0].pool.name == "plain"
    tolerant = workload(spec={"tolerations": [{"key": "spot", "operator": "Exists"}]})
    assert pack([(tolerant, 1)], pools, price).nodes[0].pool.name == "spot"


def test_room_that_gpu_nodes_have_left_is_used_by_what_tolerates_them() -> None:
    """Else another node is bought."""
    pools = [pool("gpu", GPU, taints=(GPU_TAINT,)), pool()]
    tolerant = workload("app", spec=TOLERATES_GPU)
    assert shown(pack([(server(), 1), (tolerant, 1)], pools, price)) == [("gpu", {"llama": 1, "app": 1})]
    assert [name for name, _ in shown(pack([(server(), 1), (workload(), 1)], pools, price))] == ["gpu", "small"]


def test_daemons_are_where_they_may_be_and_fit() -> None:
    """Half a core leaves room for 3 pods of 1 core; a daemon that is too large is on no node, nor one that tolerates no
    taint on a tainted one.
    """
    daemon, giant = workload("daemon", cpu_m=500, memory_gib=1), workload("giant", cpu_m=9000)
    found = pack([(workload(), 4)], [pool()], price, [daemon, giant])
    assert shown(found) == [("small", {"app": 3}), ("small", {"app": 1})]
    room = found.nodes[0].allocatable
    assert (room.cpu_m, room.memory_bytes) == (3500, 15 * GI)
    tolerant = workload(spec=TOLERATES_GPU)
    assert shown(pack([(tolerant, 4)], [pool(taints=(GPU_TAINT,))], price, [daemon])) == [("small", {"app": 4})]


def test_a_node_has_a_most_number_of_pods() -> None:
    """Daemons are pods, too: of 5 one is theirs."""
    few = [pool("pool", replace(SMALL, max_pods=5))]
    tiny, daemon = (workload(name, cpu_m=1, memory_gib=0) for name in ("tiny", "daemon"))
    assert [pods["tiny"] for _, pods in shown(pack([(tiny, 10)], few, price))] == [5, 5]
    assert [pods["tiny"] for _, pods in shown(pack([(tiny, 10)], few, price, [daemon]))] == [4, 4, 2]


def test_least_nodes_are_bought_over_all_zones_in_turn() -> None:
    """Three nodes in two zones: two in the first. A pool without types has none."""
    found = pack([], [pool(min_nodes=3, zones=("a", "b"))], price)
    assert [node.zone for node in found.nodes] == ["a", "b", "a"]
    assert pack([], [Pool("empty", (), Capacity.ON_DEMAND, min_nodes=1)], price).nodes == ()


def test_a_pool_has_its_most_nodes_in_all_zones_together() -> None:
    """What is left is said."""
    found = pack([(workload(), 10)], [pool(max_nodes=2, zones=("a", "b"))], price)
    assert len(found.nodes) == 2
    assert [(each.name, count) for each, count, _ in found.unplaced] == [("app", 2)]


def test_pods_that_ask_for_nothing_go_on_the_fullest_node() -> None:
    """They are limited by the number of pods alone, and count as 100m and 200 MiB when nodes are compared."""
    nothing = Workload("Deployment", "slipway", "nothing", Shape(Resources()), 1, 1)
    few = replace(SMALL, max_pods=3)
    found = pack([(workload(cpu_m=4000, memory_gib=16), 1), (nothing, 3)], [pool("pool", few)], price)
    assert shown(found) == [("small", {"app": 1, "nothing": 2}), ("small", {"nothing": 1})]


def test_no_replicas_need_no_node() -> None:
    """Nor do they count as unplaced."""
    assert pack([(workload(cpu_m=99_000), 0)], [pool()], price) == Packing(())


def naive(seed: int, number: int) -> tuple[list[tuple[str, str, str, dict[str, int]]], dict[str, int]]:
    """The nodes and the unplaced of a random stack, pod by pod."""
    each = stack(seed, number)
    cluster = Cluster(Offers(each.pools, each.price, each.daemons))
    unplaced: Counter[str] = Counter()
    for pods, count in in_order(each.replicas):
        unplaced[pods.id] += sum(not cluster.place(pods) for _ in range(count))
    nodes = [
        (node.offer.pool.name, node.offer.type.name, node.offer.zone, dict(Counter(pod.id for pod in node.pods)))
        for node in cluster.nodes
    ]
    return nodes, dict(+unplaced)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 10**6))
def test_a_random_stack_is_packed_as_by_a_packer_that_asks_every_node(seed: int, number: int) -> None:
    """Every rule, with daemons, several pools and zones: the same pods on the same nodes."""
    each = stack(seed, number)
    found = pack(each.replicas, each.pools, each.price, each.daemons)
    nodes = [(n.pool.name, n.type.name, n.zone, {w.id: count for w, count in n.pods}) for n in found.nodes]
    assert (nodes, {w.id: count for w, count, _ in found.unplaced}) == naive(seed, number)
