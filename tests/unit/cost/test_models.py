"""The estimate by model."""

from dataclasses import replace
from typing import Any

from infra.cost import models
from infra.cost.estimate import estimate
from infra.cost.market import Market, Packer
from infra.cost.money import Range, total
from infra.cost.months import months
from infra.cost.report import ModelCost
from infra.cost.types import Capacity, Demand, Estimate, Kind, Pool, Volume
from infra.units import GI
from tests.unit.cost.stacks import G5, demand, market, server, workload


def rows(
    stack: Demand, on: Market | None = None, before: Estimate | None = None, **tokens: Any
) -> tuple[ModelCost, ...]:
    """Of a stack."""
    on = on or market(has_control_plane=True)
    packer = Packer(stack, on)
    all_months = months(stack, on, packer)
    found = estimate(stack, on, all_months, packer)
    return models.rows(stack, all_months, found, before, tokens, on.settings)


def test_each_model_has_a_row_and_so_has_what_serves_none() -> None:
    """The dearest first, what is shared last."""
    found = rows(demand(workload("web"), server(replicas=(1, 3))))
    assert [row.name for row in found] == ["llama", "slipway/web", "shared"]
    assert [row.cost.typical_cents for row in found][-1] == 7300


def test_a_row_knows_its_gpu_its_replicas_and_its_kinds() -> None:
    """As packed: 1 to 3, typically 1 + 0.35 x 2 = 1.7, that is 2."""
    row = rows(demand(server(replicas=(1, 3))))[0]
    assert (row.gpu, row.replicas, row.spot_percent) == ("1 x NVIDIA-A10G", (1, 2, 3), 0)
    assert total(list(row.by_kind.values())) == row.cost
    assert row.by_kind[Kind.STORAGE] == Range()


def test_all_workloads_of_a_model_are_one_row() -> None:
    """Their replicas add up."""
    found = rows(demand(server(), replace(server(), name="llama-b"), volumes=(
        Volume("slipway", "weights", "gp3", 100 * GI, "ReadWriteOnce", "llama"),)))  # fmt: skip
    assert [(row.name, row.replicas) for row in found] == [("llama", (2, 2, 2)), ("shared", (0, 0, 0))]
    assert found[0].by_kind[Kind.STORAGE] == Range(800, 800, 800)


def test_what_a_row_cost_before_goes_with_it() -> None:
    """None for a new one."""
    on = market()
    packer = Packer(demand(server()), on)
    past = estimate(demand(server()), on, months(demand(server()), on, packer), packer)
    found = {row.name: row.before for row in rows(demand(server(), server("qwen")), on, past)}
    assert found == {"llama": Range(73438, 73438, 73438), "qwen": None}


def test_spot_is_told_in_percent() -> None:
    """Of its replica hours."""
    assert rows(demand(server(spec={})), market(Pool("s", (G5,), Capacity.SPOT)))[0].spot_percent == 100


def test_a_model_that_never_runs_has_a_row_of_nothing() -> None:
    """It is in the stack."""
    [row] = rows(demand(server(replicas=(0, 0))), market())
    assert (row.name, row.cost, row.replicas) == ("llama", Range(), (0, 0, 0))
