"""Where the next node is bought."""

from infra.cost.envelope import curve, curves, steps
from infra.cost.market import Packer
from infra.cost.months import months
from infra.cost.report import Curve, Step
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand
from tests.unit.cost.stacks import demand, market, server, workload


def test_a_node_is_bought_when_the_last_one_is_full() -> None:
    """c5.4xlarge has 15.89 cores for pods: three of 5 cores fit, the fourth needs another node. 0.68 x 730 = 496.40."""
    stack = demand(workload(replicas=(1, 5), cpu_m=5000, memory_gib=1))
    found = curve(0, (2,), stack, market(), Packer(stack, market()))
    assert found.points == ((1, 1, 49640), (2, 1, 49640), (3, 1, 49640), (4, 2, 99280), (5, 2, 99280))
    assert list(steps([found])) == [Step("slipway/app", 4, 2, 49640)]


def test_all_others_stay_typical() -> None:
    """The GPU pods' nodes are in every point."""
    stack = demand(server(replicas=(2, 2)), workload(replicas=(1, 2)))
    found = curve(1, (2, 1), stack, market(), Packer(stack, market()))
    assert [(replicas, nodes) for replicas, nodes, _ in found.points] == [(1, 3), (2, 3)]


def all_curves(stack: Demand, **limit: int) -> tuple[list[Curve], list[str]]:
    """Of a stack."""
    on = market()
    packer = Packer(stack, on)
    return curves(stack, months(stack, on, packer)[Scenario.TYPICAL], on, packer, **limit)


def test_what_never_varies_has_no_curve() -> None:
    """A fixed number of replicas."""
    found, left_out = all_curves(demand(server(replicas=(2, 2)), workload(replicas=(1, 3))))
    assert [each.workload for each in found] == ["slipway/app"]
    assert left_out == []


def test_curves_that_would_take_too_long_are_left_out_by_name() -> None:
    """Two points of two pods each fit into four, the next workload's do not."""
    stack = demand(workload("a", (1, 2)), workload("b", (1, 2)))
    found, left_out = all_curves(stack, max_pods=4)
    assert [each.workload for each in found] == ["slipway/a"]
    assert left_out == ["slipway/b"]
