"""Nodes as a report shows them."""

from fractions import Fraction

from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st

from infra.cost import nodes
from infra.cost.estimate import estimate
from infra.cost.market import HourPrices, Market, Packer
from infra.cost.months import Months, months
from infra.cost.scenarios import Scenario
from infra.cost.types import Capacity, Demand, Estimate, Kind, LoadBalancer, Pool, Volume
from infra.units import GI
from tests.unit.cost.stacks import C5, CPU_POOL, G5_12, GPU_POOL, demand, market, server, workload


def of(stack: Demand, on: Market) -> tuple[Months, Estimate]:
    """Its months and its estimate."""
    packer = Packer(stack, on)
    found = months(stack, on, packer)
    return found, estimate(stack, on, found, packer)


def test_nodes_are_counted_by_kind_in_each_month() -> None:
    """1 to 4 GPU pods: 1, 1 + 0.35 x 3 = 2, 4; idle 4 % of each, 0.042 x 1.006."""
    stack, on = demand(server(replicas=(1, 4))), market()
    [use] = nodes.uses(of(stack, on)[0], on)
    assert (use.pool, use.type, use.capacity, use.count) == ("gpu", "g5.xlarge", "on-demand", (1, 2, 4))
    assert (use.price_hour, use.idle_percent) == (Fraction("1.006"), 4)


def test_idle_is_named_with_the_pods_that_cause_it() -> None:
    """A pod with one GPU alone on a node with four pays 1.013676 of 5.672: 4.658324 x 730 = 3,400.58 are idle, 82 %."""
    pool = Pool("gpu", (G5_12,), Capacity.ON_DEMAND)
    stack, on = demand(server(spec={})), market(pool)
    found, _ = of(stack, on)
    [idle] = nodes.idle_nodes(found[Scenario.TYPICAL], HourPrices(on, Scenario.TYPICAL))
    assert (idle.pods, idle.count, idle.idle_percent) == ("1 x slipway/llama", 1, 82)
    assert idle.left_over.endswith("3 GPUs")
    [use] = nodes.uses(found, on)
    assert use.caused_by.startswith("1 x slipway/llama; left over: 44")
    assert use.idle_cents == idle.idle_cents == 340058


def test_the_nodes_that_waste_most_come_first() -> None:
    """And those with the same pods together."""
    stack, on = demand(server(replicas=(2, 2)), workload(cpu_m=250)), market()
    found, _ = of(stack, on)
    idle = nodes.idle_nodes(found[Scenario.TYPICAL], HourPrices(on, Scenario.TYPICAL))
    assert [(each.type, each.count) for each in idle] == [("c5.4xlarge", 1), ("g5.xlarge", 2)]


def test_an_empty_pool_that_only_the_high_month_needs_is_shown() -> None:
    """0 to 1 replicas: typically none."""
    stack, on = demand(server(replicas=(0, 1))), market()
    [use] = nodes.uses(of(stack, on)[0], on)
    assert (use.count, use.idle_cents, use.caused_by, use.hint) == ((0, 0, 1), 0, "", "")


def test_an_hour_costs_its_nodes_and_its_part_of_what_is_always_paid() -> None:
    """g5.xlarge: 1.01 an hour; the control plane 0.10."""
    stack, on = demand(server()), market(has_control_plane=True)
    found, whole = of(stack, on)
    week = nodes.week(found[Scenario.TYPICAL], whole)
    assert len(week) == 168
    assert sum(week[0].values()) == 111
    assert week[0][Kind.CONTROL_PLANE] == 10


@check(max_examples=30, deadline=None)
@given(st.integers(0, 5), st.integers(0, 9), st.integers(1, 500))
def test_hours_together_are_the_typical_month_but_for_rounding(least: int, more: int, gib: int) -> None:
    """Each of at most eight parts of an hour is off by half a cent: 730 x 4 cents at most."""
    volume = Volume("slipway", "w", "gp3", gib * GI, "ReadWriteOnce")
    stack = demand(server(replicas=(least, least + more)), volumes=(volume,), load_balancers=(LoadBalancer("a", "b"),))
    on = market(GPU_POOL, CPU_POOL, has_control_plane=True, scale_ups_per_day=Fraction(2))
    found, whole = of(stack, on)
    month = sum(sum(hour.values()) for hour in nodes.week(found[Scenario.TYPICAL], whole)) * Fraction(730, 168)
    assert abs(month - whole.cost.typical_cents) <= 730 * 4


@check(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([500, 3000, 7000])), max_size=5))
def test_idle_of_nodes_adds_up_to_idle_of_lines(pods: list[tuple[int, int]]) -> None:
    """But for half a cent for each entry."""
    stack = demand(*(workload(str(i), (n, n), cpu_m=cpu) for i, (n, cpu) in enumerate(pods)))
    on = market(Pool("cpu", (C5,), Capacity.ON_DEMAND))
    found, whole = of(stack, on)
    entries = nodes.idle_nodes(found[Scenario.TYPICAL], HourPrices(on, Scenario.TYPICAL))
    lines = sum(line.cost.typical_cents for line in whole.lines if line.kind is Kind.IDLE)
    assert abs(sum(each.idle_cents for each in entries) - lines) <= len(entries) + len(whole.lines)
    assert CPU_POOL.name in {each.pool for each in entries} or not entries
