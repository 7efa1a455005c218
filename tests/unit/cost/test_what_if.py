"""What a stack would cost if it were set otherwise."""

from dataclasses import replace
from fractions import Fraction

import pytest

from infra.cost.errors import WhatIfError
from infra.cost.estimate import total
from infra.cost.market import Market
from infra.cost.scenarios import Throughput
from infra.cost.types import Demand, NodeType, Window
from infra.cost.what_if import ALL, WhatIf, change, parse
from infra.units import GI
from tests.unit.cost.stacks import C5, G5, FakePrices, demand, market, server, workload

L4 = NodeType("aws", "g6.xlarge", 4000, 16 * GI, 1, "NVIDIA-L4", 24 * GI)
PRICES = FakePrices({"g5.xlarge": "1.006", "c5.4xlarge": "0.68", "g6.xlarge": "0.8048"})
STACK = demand(server(replicas=(1, 1)), workload("web"))


def on(**changed: object) -> Market:
    """With machines that no pool has yet."""
    return replace(market(prices=PRICES, **changed), machines=(G5, L4, C5))


def typical(stack: Demand, of: Market) -> int:
    """Cents a month."""
    return total(stack, of).cost.typical_cents


def test_options_are_read_as_people_write_them() -> None:
    """Ranges, fixed numbers, percentages."""
    found = parse(["llama=2..6", "ns/web=3"], ["llama=NVIDIA-L4"], ["60", "gpu=0"])
    assert found == WhatIf(
        {"llama": (2, 6), "ns/web": (3, 3)}, {"llama": "NVIDIA-L4"}, {ALL: Fraction(6, 10), "gpu": Fraction(0)}
    )


@pytest.mark.parametrize(
    ("option", "text"),
    [("replicas", "llama"), ("replicas", "llama=6..2"), ("replicas", "llama=-1"), ("replicas", "llama=1..x"),
     ("replicas", "=2"), ("replicas", "llama=20001"), ("replicas", "llama=99999999999999999999"), ("gpus", "llama"),
     ("gpus", "=x"), ("spot", "much"), ("spot", "101"), ("spot", "-5")],
)  # fmt: skip
def test_what_can_not_be_read_says_what_is_allowed(option: str, text: str) -> None:
    """And what was written."""
    with pytest.raises(WhatIfError) as error:
        parse(**{option: [text]})
    assert repr(text) in str(error.value)
    assert "allowed:" in str(error.value)


def test_other_replicas_cost_their_nodes() -> None:
    """Of one GPU pod three: 2 x 734.38 more; a schedule that the number replaces goes."""
    stack = demand(server(replicas=(0, 4), schedule=(Window(8, 20, 1, 1),)), workload("web"))
    changed, other = change(stack, on(), parse(["llama=3"]))
    assert (changed.workloads[0].min_replicas, changed.workloads[0].schedule) == (3, ())
    assert typical(changed, other) == 3 * 73438 + 49640


def test_a_workload_that_serves_no_model_is_named_by_its_id() -> None:
    """As the report names it."""
    changed, _ = change(STACK, on(), parse(["slipway/web=5"]))
    assert [each.max_replicas for each in changed.workloads] == [1, 5]


def test_another_gpu_is_another_node() -> None:
    """g6.xlarge at 0.8048: 587.50 instead of 734.38. What is known of the model's speed is not of that GPU."""
    base = replace(on(), throughput={"llama": Throughput(Fraction(500), "measured", is_measured=True)})
    changed, other = change(STACK, base, parse(gpus=["llama=NVIDIA-L4"]))
    assert typical(STACK, base) - typical(changed, other) == 73438 - 58750
    assert other.throughput == {}
    assert [pool.name for pool in other.settings.pools] == ["gpu", "cpu", "what-if-NVIDIA-L4"]


def test_a_gpu_that_a_pool_has_needs_no_new_one() -> None:
    """Only the pods' rule changes."""
    _, other = change(STACK, on(), parse(gpus=["llama=NVIDIA-A10G"]))
    assert [pool.name for pool in other.settings.pools] == ["gpu", "cpu"]


def test_more_spot_costs_less() -> None:
    """60 % of all nodes: 0.6 x (0.9 x 0.5 + 0.1) + 0.4 = 0.73 of the price; of the GPU pool alone, only there."""
    every, of_gpu = (change(STACK, on(), parse(spot=[text])) for text in ("60", "gpu=60"))
    assert typical(*every) == round((73438 + 49640) * 0.73)
    assert typical(*of_gpu) == round(73438 * 0.73) + 49640


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (parse(["gone=2"]), "there is no model 'gone'; allowed: llama, slipway/web"),
        (parse(gpus=["llama=H900"]), "'H900' is on no machine of aws; allowed: NVIDIA-A10G, NVIDIA-L4"),
        (parse(spot=["pool=5"]), "there is no pool 'pool'; allowed: gpu, cpu"),
    ],
)
def test_a_name_that_is_not_there_says_which_are(what: WhatIf, says: str) -> None:
    """Of models, GPUs and pools."""
    with pytest.raises(WhatIfError) as error:
        change(STACK, on(), what)
    assert says in str(error.value)


def test_asking_nothing_changes_nothing() -> None:
    """The same cost."""
    assert typical(*change(STACK, on(), WhatIf())) == typical(STACK, on())
