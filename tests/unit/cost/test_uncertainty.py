"""How sure a typical month is."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import settings as check
from hypothesis import strategies as st

from infra.cost import uncertainty
from infra.cost.estimate import estimate, node_cents
from infra.cost.hours import Bounds
from infra.cost.market import Market, Packer
from infra.cost.money import Range
from infra.cost.months import months
from infra.cost.scenarios import Scenario
from infra.cost.types import Capacity, Demand, Pool
from tests.unit.cost.stacks import C5, G5, demand, market, server, workload

SPOT = Pool("spot", (G5,), Capacity.SPOT)


def model(stack: Demand, on: Market) -> tuple[uncertainty.Model, Range]:
    """Of a stack, and its estimate."""
    packer = Packer(stack, on)
    all_months = months(stack, on, packer)
    cost = estimate(stack, on, all_months, packer).cost
    fixed = cost.typical_cents - node_cents(all_months, Scenario.TYPICAL)
    return uncertainty.model(all_months[Scenario.TYPICAL], on, packer, cost, fixed), cost


def test_at_the_typical_inputs_the_cost_is_the_typical_cost() -> None:
    """Of a stack on spot, whose replicas vary."""
    of, cost = model(demand(server(replicas=(1, 6), spec={})), market(SPOT, has_control_plane=True))
    assert abs(of.cents(of.typical) - cost.typical_cents) <= 1


def test_a_fixed_stack_on_demand_has_nothing_unsure() -> None:
    """P50 and P90 are what it costs; nothing moves it."""
    of, cost = model(demand(server(replicas=(2, 2))), market())
    assert uncertainty.percentiles(of) == (cost.typical_cents, cost.typical_cents)
    assert uncertainty.drivers(of) == []


def test_each_driver_moves_alone_from_its_least_to_its_most() -> None:
    """One g5.xlarge on spot: least 0.4024, usual 0.503, most 0.7042 an hour; a tenth of the time 1.006. Spot price:
    0.9 x 0.4024 + 0.1006 = 0.46276 to 0.9 x 0.7042 + 0.1006 = 0.73438; x 730: 337.81 to 536.10. Without spot: from
    0.503 to 1.006: 367.19 to 734.38.
    """
    of, _ = model(demand(server(spec={})), market(SPOT))
    found = {driver.name: (driver.low_cents, driver.high_cents) for driver in uncertainty.drivers(of)}
    assert found == {"time without spot": (36719, 73438), "spot price": (33781, 53610)}
    assert [driver.name for driver in uncertainty.drivers(of)] == ["time without spot", "spot price"]


def test_replicas_are_drivers_by_day_and_by_night() -> None:
    """1 to 3 on c5.4xlarge, one on each: by day 260.7 hours, from 1 node to 3."""
    of, _ = model(demand(workload(replicas=(1, 3), cpu_m=15000)), market(Pool("cpu", (C5,), Capacity.ON_DEMAND)))
    found = {driver.name: driver.high_cents - driver.low_cents for driver in uncertainty.drivers(of)}
    assert abs(found["replicas in working time"] - round(2 * 0.68 * 730 * 60 / 168 * 100)) <= 1
    assert abs(found["replicas at night and on weekends"] - round(2 * 0.68 * 730 * 108 / 168 * 100)) <= 1


@pytest.mark.parametrize(("load", "count"), [("0", 1), ("0.35", 4), ("0.675", 6), ("1", 8), ("0.175", 3)])
def test_replicas_go_through_the_typical_number(load: str, count: int) -> None:
    """1 to 8, typically 4 at 0.35: half of the way from there to 8 is 6; half of the way from 1 is 2.5, that is 3."""
    assert uncertainty.replicas_at(Bounds(1, 8), 4, Fraction(load), Fraction("0.35")) == count


def test_a_load_that_is_typically_least_or_most_is_packed_once() -> None:
    """Nothing is divided by nothing."""
    assert uncertainty.loads(Fraction(0)) == [0, Fraction(1, 2), 1]
    assert uncertainty.loads(Fraction(1)) == [0, 1]
    for typical in (Fraction(0), Fraction(1)):
        of, _ = model(demand(server(replicas=(1, 3))), market(working_time_load=typical, other_time_load=typical))
        assert uncertainty.percentiles(of)[0] > 0


@check(max_examples=25, deadline=None)
@given(st.integers(0, 4), st.integers(0, 5), st.booleans(), st.fractions(0, 1), st.fractions(0, 1))
def test_percentiles_are_within_low_and_high_and_the_same_each_time(
    least: int, more: int, is_spot: bool, load: Fraction, fallback: Fraction
) -> None:
    """Whatever is assumed."""
    pool = Pool("any", (C5,), Capacity.SPOT if is_spot else Capacity.ON_DEMAND)
    on = market(pool, working_time_load=load, spot_fallback=fallback)
    of, cost = model(demand(workload(replicas=(least, least + more), cpu_m=9000)), on)
    p50, p90 = uncertainty.percentiles(of)
    assert cost.low_cents <= p50 <= p90 <= cost.high_cents
    assert uncertainty.percentiles(of) == (p50, p90)
