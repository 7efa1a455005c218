"""The three months of a stack."""

from dataclasses import replace

from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st

from infra.cost.market import Market, Packer
from infra.cost.months import Month, months
from infra.cost.scenarios import Scenario
from infra.cost.types import Capacity, Demand, Pool, Window
from tests.unit.cost.stacks import C5, CPU_POOL, G5_12, GPU_POOL, FakePrices, demand, market, server, workload


def of(stack: Demand, on: Market) -> dict[Scenario, Month]:
    """All three."""
    return dict(months(stack, on, Packer(stack, on)))


def node_cents(month: Month) -> int:
    """What its nodes cost."""
    return sum(month.costs.cents.values())


def test_a_schedule_is_paid_for_its_hours() -> None:
    """One g5.xlarge, 12 hours on 5 days: 260.714 x 1.006 = 262.28; high is all month, 730 x 1.006 = 734.38."""
    office = tuple(Window(day * 24 + 8, day * 24 + 20, 1, 1) for day in range(5))
    stack = demand(server(replicas=(0, 1), schedule=(Window(0, 168, 0, 0), *office)))
    found = of(stack, market())
    assert [node_cents(found[scenario]) for scenario in Scenario] == [26228, 26228, 73438]


def test_where_more_pods_need_cheaper_nodes_low_and_high_are_still_bounds() -> None:
    """Room for one is cheapest on a small node; the fourth makes the pool buy a large one that holds all others, too.
    A month with fewer replicas may then cost more: high takes the dearest, low the cheapest.
    """
    small = replace(C5, name="small", cpu_m=4000, memory_bytes=8 * 2**30)
    pool = Pool("mixed", (small, G5_12), Capacity.ON_DEMAND)
    prices = FakePrices({"small": "3", "g5.12xlarge": "5.672"})
    stack = demand(workload(replicas=(1, 9), cpu_m=3000), server(replicas=(0, 4), spec={}))
    found = of(stack, market(pool, prices=prices))
    low, typical, high = (node_cents(found[scenario]) for scenario in Scenario)
    assert low <= typical <= high


SHAPES = st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from([500, 1000, 3000, 9000]), st.integers(1, 12))


@check(max_examples=60)
@given(st.lists(SHAPES, min_size=1, max_size=6), st.booleans())
def test_low_typical_and_high_are_in_order(shapes: list[tuple[int, int, int, int]], is_spot: bool) -> None:
    """For any stack, on two sizes of machines."""
    pool = Pool("any", (C5, G5_12), Capacity.SPOT if is_spot else Capacity.ON_DEMAND)
    pods = [workload(str(i), (least, least + more), cpu_m=cpu, memory_gib=gib)
            for i, (least, more, cpu, gib) in enumerate(shapes)]  # fmt: skip
    found = of(demand(*pods), market(pool))
    low, typical, high = (node_cents(found[scenario]) for scenario in Scenario)
    assert low <= typical <= high


@given(st.integers(0, 20), st.integers(0, 20))
def test_more_replicas_never_cost_less(one: int, other: int) -> None:
    """Of equal pods, in every month."""
    few, many = sorted((one, other))
    on = market(GPU_POOL, CPU_POOL)
    fewer, more = (of(demand(server(replicas=(0, count))), on) for count in (few, many))
    for scenario in Scenario:
        assert node_cents(fewer[scenario]) <= node_cents(more[scenario])
