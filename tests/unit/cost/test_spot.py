"""What spot means for each workload."""

from dataclasses import replace
from fractions import Fraction

from infra.cost.market import Market, Packer
from infra.cost.months import Month, months
from infra.cost.scenarios import Scenario
from infra.cost.spot import reclaim_minutes, risks, shares_on_spot
from infra.cost.types import Capacity, Demand, Pool
from tests.unit.cost.stacks import CPU_POOL, G5, GPU_TAINT, FakePrices, demand, market, server, workload

SPOT = Pool("spot", (G5,), Capacity.SPOT)


def typical(stack: Demand, on: Market) -> Month:
    """Its month."""
    return months(stack, on, Packer(stack, on))[Scenario.TYPICAL]


def test_reclaims_cost_minutes_and_no_money() -> None:
    """20 % a month are -ln(0.8) = 0.22314 reclaims; 3 minutes for a node and 9 for the model: 2.68 minutes, 0.045 h."""
    minutes = reclaim_minutes(Fraction(1), 540, Fraction("0.22314"))
    assert round(float(minutes), 2) == 2.68
    assert round(float(minutes / 60), 3) == 0.045


def test_the_risk_of_a_workload_is_told() -> None:
    """Two replicas, all on spot; 0.11 reclaims x 2 x (180 + 60) s = 0.88 minutes."""
    stack, on = demand(server(replicas=(2, 2), spec={})), market(SPOT)
    [risk] = risks(stack, typical(stack, on), on)
    assert (risk.workload, risk.share_percent, risk.fallback_percent) == ("slipway/llama", 100, 10)
    assert (risk.price_low, risk.price_high) == (Fraction("0.4024"), Fraction("0.7042"))
    assert risk.reclaim_minutes == Fraction("0.88")


def test_who_is_on_demand_has_no_such_risk() -> None:
    """Only pods on spot nodes are in it."""
    stack, on = demand(server(), workload("web")), market(replace(SPOT, taints=(GPU_TAINT,)), CPU_POOL)
    month = typical(stack, on)
    shares = {each.name: share for each, share in shares_on_spot(month, on.settings).items()}
    assert shares == {"llama": 1, "web": 0}
    assert [each.workload for each in risks(stack, month, on)] == ["slipway/llama"]


def test_a_pool_that_is_spot_in_part_is_a_risk_in_part() -> None:
    """60 % of its nodes."""
    stack, on = demand(server(spec={})), market(SPOT, spot_share={"spot": Fraction(60, 100)})
    assert list(shares_on_spot(typical(stack, on), on.settings).values()) == [Fraction(60, 100)]


def test_where_no_spot_price_is_known_that_is_said() -> None:
    """It is counted at the on-demand price then."""
    stack, on = demand(server(spec={})), market(SPOT, prices=FakePrices(spot=None))
    [risk] = risks(stack, typical(stack, on), on)
    assert "no spot price is known" in risk.note
