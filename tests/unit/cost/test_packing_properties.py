"""What holds of every packing: nothing is overfilled, nothing is lost, all that can be placed is; and some by hand."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import settings as limit
from hypothesis import strategies as st

from infra.cost.packing import pack
from infra.cost.scheduling import selects, tolerates
from infra.cost.types import Capacity, NodeType, Packing, Pool, Workload
from infra.units import GI
from tests.unit.cost.stacks import C5, CPU_POOL, G5, G5_12, GPU_POOL, GPU_TAINT, HOURLY, server, workload

ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
ZONES = ("a", "b", "c")


def price(pool: Pool, node: NodeType) -> Fraction | None:
    """By the list."""
    return Fraction(HOURLY[node.name])


def names(packing: Packing) -> list[tuple[str, dict[str, int]]]:
    """Type of each node, and its pods."""
    return [(node.type.name, {each.name: count for each, count in node.pods}) for node in packing.nodes]


def test_each_gpu_pod_takes_a_node_of_one_gpu() -> None:
    """And three web pods share another one."""
    packing = pack([(server(), 2), (workload("web"), 3)], [GPU_POOL, CPU_POOL], price)
    assert names(packing) == [("g5.xlarge", {"llama": 1})] * 2 + [("c5.4xlarge", {"web": 3})]
    assert packing.unplaced == ()


def test_the_cheapest_node_that_fits_is_bought() -> None:
    """Pods without GPUs may go to any pool whose taints they tolerate."""
    packing = pack([(workload(), 1)], [Pool("any", (G5_12, C5, G5), Capacity.ON_DEMAND)], price)
    assert names(packing) == [("c5.4xlarge", {"app": 1})]


def test_small_pods_fill_what_large_ones_leave() -> None:
    """2 x 7 cores leave 1.89 of 15.89: one more core fits, the next pod needs a node."""
    packing = pack([(workload("small"), 2), (workload("large", cpu_m=7000), 2)], [CPU_POOL], price)
    assert names(packing) == [("c5.4xlarge", {"large": 2, "small": 1}), ("c5.4xlarge", {"small": 1})]


def test_daemon_sets_take_their_room_on_every_node() -> None:
    """15.89 cores less 1: seven pods of 2 cores instead of seven; with 2 off, six."""
    for daemon, most in ((1000, 7), (2000, 6)):
        packing = pack([(workload(cpu_m=2000, memory_gib=1), 7)], [CPU_POOL], price, [workload("agent", cpu_m=daemon)])
        assert packing.nodes[0].pods[0][1] == most


def test_what_fits_nowhere_is_told_with_the_reason() -> None:
    """Too large, not tolerated, or no more nodes."""
    large = pack([(workload(cpu_m=64000), 1)], [CPU_POOL], price)
    tainted = pack([(workload(), 1)], [GPU_POOL], price)
    full = pack([(workload(cpu_m=9000), 3)], [replace(CPU_POOL, max_nodes=2)], price)
    assert "more than is left for pods" in large.unplaced[0][2]
    assert "taints that it tolerates" in tainted.unplaced[0][2]
    assert full.unplaced[0][1] == 1
    assert "max_nodes" in full.unplaced[0][2]


def test_a_pools_least_nodes_are_bought_anyhow() -> None:
    """And used first."""
    packing = pack([(workload(), 1)], [replace(CPU_POOL, min_nodes=2)], price)
    assert names(packing) == [("c5.4xlarge", {"app": 1}), ("c5.4xlarge", {})]


def test_who_refuses_its_like_gets_a_node_each() -> None:
    """Anti-affinity over hosts."""
    term = {"topologyKey": HOST, "labelSelector": {"matchLabels": {"app": "app"}}}
    alone = workload(spec={"affinity": {"podAntiAffinity": {REQUIRED: [term]}}})
    assert [count for _, count in names(pack([(alone, 3)], [CPU_POOL], price))] == [{"app": 1}] * 3


def test_spread_over_zones_is_kept() -> None:
    """Seven pods over three zones: 3, 2, 2."""
    rule = {"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "app"}}}  # fmt: skip
    spread = workload(spec={"topologySpreadConstraints": [rule]})
    packing = pack([(spread, 7)], [replace(CPU_POOL, zones=ZONES)], price)
    by_zone = {
        zone: sum(count for node in packing.nodes if node.zone == zone for _, count in node.pods) for zone in ZONES
    }
    assert sorted(by_zone.values()) == [2, 2, 3]


PODS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from([0, 250, 1000, 3500, 9000]),
        st.integers(0, 14),
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=8,
)


def workloads(pods: list[tuple[int, int, int, int, bool]]) -> list[tuple[Workload, int]]:
    """Of these sizes; some tolerate GPU nodes though they need none."""
    return [
        (
            workload(
                str(i), cpu_m=cpu, memory_gib=gib, gpus=gpus, spec=server().shape.spec if gpus or tolerant else {}
            ),
            count,
        )
        for i, (count, cpu, gib, gpus, tolerant) in enumerate(pods)
    ]


@limit(max_examples=200)
@given(PODS, st.sampled_from([None, 1, 3]), st.integers(0, 2))
def test_nothing_is_overfilled_and_all_that_can_be_placed_is(
    pods: list[tuple[int, int, int, int, bool]], max_nodes: int | None, min_nodes: int
) -> None:
    """Each pod is on one node that it may go to, or it is told; and what is told really has no node left."""
    gpu = Pool("gpu", (G5, G5_12), Capacity.SPOT, ZONES, taints=(GPU_TAINT,))
    cpu = Pool("cpu", (C5,), Capacity.ON_DEMAND, ZONES, min_nodes=min(min_nodes, max_nodes or 2), max_nodes=max_nodes)
    wanted = workloads(pods)
    packing = pack(wanted, [gpu, cpu], price)
    placed: dict[Workload, int] = {}
    for node in packing.nodes:
        used = [each.shape.requests for each, count in node.pods for _ in range(count)]
        assert sum(each.cpu_m for each in used) <= node.allocatable.cpu_m
        assert sum(each.memory_bytes for each in used) <= node.allocatable.memory_bytes
        assert sum(each.gpus for each in used) <= node.allocatable.gpus
        assert len(used) <= node.type.max_pods
        for each, count in node.pods:
            assert tolerates(each.shape.spec, node.pool.taints)
            assert selects(each.shape.spec, {})
            placed[each] = placed.get(each, 0) + count
    unplaced = {each: count for each, count, _ in packing.unplaced}
    for each, count in wanted:
        assert placed.get(each, 0) + unplaced.get(each, 0) == count
    if max_nodes is None:
        assert unplaced == {}
    else:
        num_cpu = sum(node.pool.name == "cpu" for node in packing.nodes)
        assert num_cpu <= max(max_nodes, min_nodes)
        assert not unplaced or num_cpu == max_nodes
    assert names(pack(wanted, [gpu, cpu], price)) == names(packing)


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([500, 3000, 9000]))
def test_more_equal_pods_never_need_fewer_nodes(one: int, other: int, cpu_m: int) -> None:
    """On one kind of node."""
    few, many = sorted((one, other))
    of = workload(cpu_m=cpu_m)
    assert len(pack([(of, few)], [CPU_POOL], price).nodes) <= len(pack([(of, many)], [CPU_POOL], price).nodes)


def test_memory_of_a_node_is_what_is_left_of_it() -> None:
    """A pod of 16 GiB never fits on a node of 16 GiB."""
    whole = workload(memory_gib=16, gpus=1)
    assert pack([(whole, 1)], [GPU_POOL], price).unplaced[0][1] == 1
    assert pack([(server(), 1)], [GPU_POOL], price).nodes[0].allocatable.memory_bytes < 16 * GI
