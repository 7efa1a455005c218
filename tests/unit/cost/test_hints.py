"""The cheapest node type that fits the same pods."""

from dataclasses import replace

from infra.cost.hints import hint
from infra.cost.market import Market, Packer
from infra.cost.types import Capacity, Demand, NodeType, Pool
from infra.units import GI
from tests.unit.cost.stacks import C5, G5, G5_12, FakePrices, demand, market, server, workload


def of(stack: Demand, on: Market, *machines: NodeType) -> str:
    """For the nodes that the stack's typical replicas need."""
    packing = Packer(stack, on).pack(tuple(each.min_replicas for each in stack.workloads))
    return hint(packing.nodes, replace(on, machines=machines))


def test_four_small_nodes_are_cheaper_than_one_large() -> None:
    """4 x 1.006 = 4.024 an hour instead of 5.672: 1.648 x 730 = 1,203.04 a month less."""
    on = market(Pool("gpu", (G5_12,), Capacity.ON_DEMAND))
    stack = demand(server(replicas=(4, 4), spec={}))
    assert of(stack, on, G5) == "4 x g5.xlarge instead of 1 x g5.12xlarge: -1,203 a month"


def test_what_is_cheapest_already_has_no_hint() -> None:
    """Nor where another one would save less than 5 %."""
    on = market(Pool("gpu", (G5,), Capacity.ON_DEMAND))
    assert of(demand(server(spec={})), on, G5_12) == ""
    near = FakePrices({"c5.4xlarge": "0.68", "near": "0.65"})
    other = replace(C5, name="near")
    assert of(demand(workload()), market(Pool("cpu", (C5,), Capacity.ON_DEMAND), prices=near), other) == ""


def test_another_gpu_is_no_candidate() -> None:
    """It is another speed."""
    on = market(Pool("gpu", (G5_12,), Capacity.ON_DEMAND))
    assert of(demand(server(replicas=(4, 4), spec={})), on, replace(G5, gpu_product="Tesla-T4")) == ""


def test_a_machine_whose_processors_are_shared_is_no_candidate() -> None:
    """However cheap: model servers use what they ask for."""
    prices = FakePrices({"c5.4xlarge": "0.68", "t3.4xlarge": "0.10"})
    on = market(Pool("cpu", (C5,), Capacity.ON_DEMAND), prices=prices)
    assert of(demand(workload()), on, replace(C5, name="t3.4xlarge")) == ""


def test_a_machine_too_small_for_a_pod_is_no_candidate() -> None:
    """Nor one without a price."""
    prices = FakePrices({"c5.4xlarge": "0.68", "tiny": "0.01"})
    on = market(Pool("cpu", (C5,), Capacity.ON_DEMAND), prices=prices)
    tiny = NodeType("aws", "tiny", 500, GI)
    assert of(demand(workload()), on, tiny, replace(C5, name="unknown")) == ""


def test_too_many_pods_are_not_tried() -> None:
    """More than 500."""
    on = market(Pool("cpu", (C5,), Capacity.ON_DEMAND), prices=FakePrices({"c5.4xlarge": "0.68", "half": "0.10"}))
    half = NodeType("aws", "half", 8000, 16 * GI)
    assert "half instead of" in of(demand(workload(replicas=(20, 20), cpu_m=500, memory_gib=1)), on, half)
    assert of(demand(workload(replicas=(501, 501), cpu_m=500, memory_gib=1)), on, half) == ""


def test_empty_nodes_have_no_hint() -> None:
    """There is nothing to fit."""
    pool = Pool("cpu", (C5,), Capacity.ON_DEMAND, min_nodes=1)
    assert of(demand(), market(pool), G5) == ""
