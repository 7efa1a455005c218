"""What nodes cost, and who pays."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from infra.cost.money import to_cents
from infra.cost.node_costs import Owner, alike, node_costs
from infra.cost.types import Kind, Node, NodeType, Packing, Pool, Resources, Workload
from tests.unit.cost.stacks import C5, CPU_POOL, G5, GPU_POOL, HOURLY, server, workload


def price(pool: Pool, node: NodeType) -> Fraction | None:
    """By the list."""
    return Fraction(HOURLY[node.name])


def on(node: NodeType, *pods: tuple[Workload, int]) -> Node:
    """A node with these pods."""
    return Node(GPU_POOL if node.gpus else CPU_POOL, node, "a", Resources(), pods)


def test_a_pod_alone_pays_its_share_and_the_idle_rest() -> None:
    """g5.xlarge all month: 1.006 x 730 = 734.38. GPU 0.95 / 1.144236 of it = 609.72; CPU and memory 0.145677 of the
    base = 93.50; idle the rest, 31.16.
    """
    llama = server()
    found = node_costs([(Fraction(730), Packing((on(G5, (llama, 1)),)))], price)
    own = {owner.kind: cents for owner, cents in found.cents.items()}
    assert own == {Kind.GPU: 60972, Kind.CPU_MEMORY: 9350, Kind.IDLE: 3116}
    assert found.node_hours == {("gpu", "g5.xlarge"): 730}


def test_idle_is_paid_by_those_on_the_node_in_proportion() -> None:
    """Two pods, one three times the other: they pay the whole node, 0.68 x 730 = 496.40, as 3 : 1, idle included."""
    large, small = workload("large", cpu_m=3000, memory_gib=12), workload("small", cpu_m=1000, memory_gib=4)
    found = node_costs([(Fraction(730), Packing((on(C5, (large, 1), (small, 1)),)))], price)
    paid = {name: sum(cents for owner, cents in found.cents.items() if owner.workload == name)
            for name in ("slipway/large", "slipway/small")}  # fmt: skip
    assert paid == {"slipway/large": 37230, "slipway/small": 12410}


def test_an_empty_node_is_nobodys() -> None:
    """Of a pool with a least number of nodes."""
    found = node_costs([(Fraction(730), Packing((on(C5),)))], price)
    assert found.cents == {Owner("cpu", "c5.4xlarge", Kind.IDLE): 49640}


def test_nodes_without_a_price_are_counted_apart() -> None:
    """In hours, not in cents."""
    found = node_costs([(Fraction(730), Packing((on(C5), on(C5))))], lambda pool, node: None)
    assert found.cents == {}
    assert found.without_price == {("cpu", "c5.4xlarge"): 1460}


def test_nodes_with_the_same_pods_are_alike() -> None:
    """They are looked at once."""
    llama = server()
    assert [(node.pods, count) for node, count in alike([on(G5, (llama, 1)), on(C5), on(G5, (llama, 1))])] == [
        (((llama, 1),), 2),
        ((), 1),
    ]


SIZES = st.tuples(st.integers(0, 4000), st.integers(0, 8))


@given(st.lists(st.tuples(st.lists(SIZES, max_size=4), st.integers(1, 168)), min_size=1, max_size=6))
def test_cents_of_a_kind_add_up_to_its_price_times_its_hours(nodes: list[tuple[list[tuple[int, int]], int]]) -> None:
    """To the cent, whoever pays."""
    packings = []
    for index, (sizes, hours) in enumerate(nodes):
        pods = tuple((workload(f"{index}-{i}", cpu_m=cpu, memory_gib=gib), 1) for i, (cpu, gib) in enumerate(sizes))
        packings.append((Fraction(hours * 730, 168), Packing((on(C5, *pods),))))
    found = node_costs(packings, price)
    whole = sum((hours for hours, _ in packings), start=Fraction(0))
    assert found.node_hours == {("cpu", "c5.4xlarge"): whole}
    assert sum(found.cents.values()) == to_cents(whole * Fraction("0.68"))
    assert all(cents >= 0 for cents in found.cents.values())
