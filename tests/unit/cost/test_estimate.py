"""Demand and prices -> all lines of a month."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st

from infra.cost.estimate import total
from infra.cost.market import Packer
from infra.cost.money import Range
from infra.cost.money import total as sum_of
from infra.cost.months import months
from infra.cost.scenarios import Scenario
from infra.cost.settings import SharedCosts
from infra.cost.types import Capacity, Confidence, Demand, Kind, Line, LoadBalancer, Pool, Unpriced, Volume
from infra.units import GI
from tests.unit.cost.stacks import C5, CPU_POOL, G5_12, GPU_POOL, FakePrices, demand, market, server, workload


def test_a_stack_of_two_workloads_by_hand() -> None:
    """Two GPU pods fill two g5.xlarge, 2 x 734.38 = 1,468.76; 3 cores of web pods one c5.4xlarge, 496.40; a claim 8.00,
    a load balancer 16.42 (16.425 to the even cent), the control plane 73.00: 2,062.58.
    """
    volume = Volume("slipway", "weights", "gp3", 100 * GI, "ReadWriteOnce")
    stack = demand(
        server(replicas=(2, 2)),
        workload("web", (3, 3)),
        volumes=(volume,),
        load_balancers=(LoadBalancer("slipway", "web"),),
    )
    found = total(stack, market(has_control_plane=True))
    assert found.cost == Range(206258, 206258, 206258)
    assert found.unpriced == ()


def test_quantity_times_price_is_the_typical_cost_of_a_node_line() -> None:
    """The quantity is what of the nodes' hours its owner pays."""
    lines = [
        line for line in total(demand(server(replicas=(1, 4)), workload("web")), market()).lines if is_of_nodes(line)
    ]
    assert len(lines) == 5
    assert all(line.quantity * line.price == Fraction(line.cost.typical_cents, 100) for line in lines)


def test_lines_know_whose_they_are() -> None:
    """Namespace, model and workload; idle belongs to who causes it."""
    lines = total(demand(server()), market()).lines
    assert {(line.kind, line.namespace, line.model, line.workload) for line in lines} == {
        (kind, "slipway", "llama", "slipway/llama") for kind in (Kind.GPU, Kind.CPU_MEMORY, Kind.IDLE)
    }


def test_how_a_price_is_known_goes_with_the_line() -> None:
    """A list price on demand, an assumption for spot."""
    spot = Pool("spot", (C5,), Capacity.SPOT)
    for pool, confidence, driver in (
        (CPU_POOL, Confidence.LIST_PRICE, "replicas"),
        (spot, Confidence.ASSUMED, "spot price"),
    ):
        lines = total(demand(workload()), market(pool)).lines
        assert {(line.confidence, line.driver) for line in lines} == {(confidence, driver)}


def test_nodes_without_a_price_are_named_and_not_in_the_total() -> None:
    """Never counted as nothing in silence."""
    found = total(demand(server()), market(prices=FakePrices({"c5.4xlarge": "0.68"})))
    assert found.cost == Range()
    assert found.unpriced == (
        Unpriced("nodes g5.xlarge in pool gpu", "the price book has no price for it in this region"),
    )


def test_what_the_demand_could_not_read_is_passed_on() -> None:
    """With what has no price."""
    told = Unpriced("Release slipway/redis", "opaque")
    assert total(demand(unpriced=(told,)), market()).unpriced == (told,)


def test_an_empty_stack_costs_its_control_plane() -> None:
    """73.00, and nothing else."""
    assert total(Demand(), market(has_control_plane=True)).cost == Range(7300, 7300, 7300)
    assert total(Demand(), market()).lines == ()


def test_a_pool_costs_its_least_nodes_even_when_nobody_needs_them() -> None:
    """Two c5.4xlarge: 992.80, nobody's."""
    pool = Pool("cpu", (C5,), Capacity.ON_DEMAND, min_nodes=2)
    [line] = total(Demand(), market(pool)).lines
    assert (line.cost.typical_cents, line.kind, line.namespace) == (99280, Kind.IDLE, "")


def is_of_nodes(line: Line) -> bool:
    """Not of cold starts and jobs, which have the same kinds."""
    return line.unit == "node hours"


def _kind(line: Line) -> object:
    return line.kind


def _model(line: Line) -> object:
    return line.model


def _namespace(line: Line) -> object:
    return line.namespace


def _name(line: Line) -> object:
    return line.name


def _workload(line: Line) -> object:
    return line.workload


SHAPES = st.tuples(
    st.integers(0, 5), st.integers(0, 5), st.sampled_from([250, 1000, 3000]), st.integers(0, 12), st.booleans()
)
STACKS = st.lists(SHAPES, max_size=6)


def stack_of(shapes: list[tuple[int, int, int, int, bool]]) -> Demand:
    """Models and plain workloads, with a claim and a load balancer."""
    pods = [
        workload(str(i), (least, least + more), cpu_m=cpu, memory_gib=gib, gpus=gpu, model=f"m{i % 3}" if gpu else None)
        for i, (least, more, cpu, gib, gpu) in enumerate(shapes)
    ]
    return demand(
        *pods,
        volumes=(Volume("slipway", "weights", "gp3", 7 * GI, "ReadWriteOnce"),),
        load_balancers=(LoadBalancer("other", "web"),),
    )


@check(max_examples=50)
@given(STACKS, st.sampled_from([_kind, _model, _namespace, _name, _workload]), st.sampled_from(list(SharedCosts)))
def test_sums_are_exact_whatever_the_grouping(
    shapes: list[tuple[int, int, int, int, bool]], by: Callable[[Line], object], how: SharedCosts
) -> None:
    """By kind, model, namespace, node or workload: groups add up to the total, and nodes to what nodes cost."""
    on = market(GPU_POOL, CPU_POOL, has_control_plane=True, shared_costs=how)
    stack = stack_of(shapes)
    found = total(stack, on)
    groups: dict[object, list[Range]] = {}
    for line in found.lines:
        groups.setdefault(by(line), []).append(line.cost)
    assert sum_of([sum_of(group) for group in groups.values()]) == found.cost
    month = months(stack, on, Packer(stack, on))
    nodes = [sum(month[scenario].costs.cents.values()) for scenario in Scenario]
    fixed = 7300 + 56 + 1642  # the control plane, the claim, the load balancer
    cold_starts = sum_of([line.cost for line in found.lines if line.driver == "scale events"])
    assert found.cost == Range(*nodes) + Range(fixed, fixed, fixed) + cold_starts


@check(max_examples=40)
@given(STACKS)
def test_low_typical_high_are_in_order_and_the_same_each_time(shapes: list[tuple[int, int, int, int, bool]]) -> None:
    """Of the total; the same input gives the same output."""
    on = market(Pool("any", (C5, G5_12), Capacity.SPOT), scale_ups_per_day=Fraction(2), num_nat_gateways=1)
    found = total(stack_of(shapes), on)
    assert found.cost.low_cents <= found.cost.typical_cents <= found.cost.high_cents
    assert total(stack_of(shapes), on).lines == found.lines


@pytest.mark.parametrize("how", list(SharedCosts))
def test_shared_costs_change_who_pays_and_not_how_much(how: SharedCosts) -> None:
    """73.00 of the control plane."""
    stack = demand(server(), server("qwen"))
    plain = total(stack, market(has_control_plane=True))
    found = total(stack, market(has_control_plane=True, shared_costs=how))
    assert found.cost == plain.cost
    assert any(not line.namespace for line in found.lines) == (how is SharedCosts.NONE)
