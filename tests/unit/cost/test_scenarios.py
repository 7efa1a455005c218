"""Replicas and prices of the low, the typical and the high month."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.hours import Bounds, Piece
from infra.cost.scenarios import Scenario, Throughput, at_load, hour_price, most, nearest, replicas
from infra.cost.settings import Traffic
from infra.cost.types import Capacity, Pool, Window
from tests.unit.cost.stacks import C5, G5, GPU_POOL, FakePrices, server, settings, workload

DAY, NIGHT = (Piece((9,), is_working, (Bounds(1, 8),)) for is_working in (True, False))
SPOT = Pool("spot", (G5,), Capacity.SPOT)
SHARES = st.fractions(0, 2).map(str)


@pytest.mark.parametrize(
    ("scenario", "piece", "count"),
    [(Scenario.LOW, DAY, 1), (Scenario.TYPICAL, DAY, 3), (Scenario.TYPICAL, NIGHT, 2), (Scenario.HIGH, NIGHT, 8)],
)
def test_without_traffic_replicas_stand_between_least_and_most(scenario: Scenario, piece: Piece, count: int) -> None:
    """1 to 8: in working time 1 + 0.35 x 7 = 3.45, that is 3; at night 1 + 0.1 x 7 = 1.7, that is 2."""
    assert replicas(scenario, [workload(replicas=(1, 8))], piece, settings(), {}) == (count,)


@pytest.mark.parametrize(("number", "whole"), [("0.49", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.4999", 2)])
def test_halves_are_rounded_up(number: str, whole: int) -> None:
    """Not to the even one: a mean of halves would be lost."""
    assert nearest(Fraction(number)) == whole


def test_with_traffic_replicas_follow_it() -> None:
    """At the peak 4,000 tokens/s; in working time 45 % of it, 1,800. A replica yields 500 and may be 80 % busy, 400:
    1,800 / 400 = 4.5, so 5 run. At night 10 %: 400 / 400 = 1.
    """
    traffic = {"llama": Traffic(Fraction(4000))}
    known = {"llama": Throughput(Fraction(500), "measured", is_measured=True)}
    own = settings(traffic=traffic)
    assert replicas(Scenario.TYPICAL, [server(replicas=(1, 8))], DAY, own, known) == (5,)
    assert replicas(Scenario.TYPICAL, [server(replicas=(1, 8))], NIGHT, own, known) == (1,)


def test_traffic_stays_within_the_bounds() -> None:
    """An autoscaler does, too."""
    known = {"llama": Throughput(Fraction(500), "measured", is_measured=True)}
    for peak, count in ((10**6, 8), (0, 1)):
        own = settings(traffic={"llama": Traffic(Fraction(peak))})
        assert replicas(Scenario.TYPICAL, [server(replicas=(1, 8))], DAY, own, known) == (count,)


def test_the_most_is_that_of_all_windows() -> None:
    """High is the most all month, whatever the hour."""
    scheduled = replace(workload(replicas=(0, 2)), schedule=(Window(8, 20, 4, 6),))
    assert most(scheduled, Bounds(0, 2)) == 6


def price(scenario: Scenario, pool: Pool, prices: FakePrices | None = None, **changed: object) -> Fraction | None:
    """Of a g5.xlarge, 1.006 on demand; spot 0.4, 0.5, 0.7 of it."""
    return hour_price(scenario, pool, G5, prices or FakePrices(), settings(GPU_POOL, **changed))


def test_spot_is_paid_in_part_on_demand() -> None:
    """Typical: 0.9 x 0.503 + 0.1 x 1.006 = 0.5533. Low: the cheapest zone, 0.4024. High: on demand, 1.006."""
    found = [price(scenario, SPOT) for scenario in Scenario]
    assert found == [Fraction("0.4024"), Fraction("0.5533"), Fraction("1.006")]


def test_a_pool_may_be_spot_in_part() -> None:
    """60 %: 0.6 x 0.5533 + 0.4 x 1.006 = 0.73438; low 0.6 x 0.4024 + 0.4 x 1.006 = 0.64384."""
    found = [price(scenario, SPOT, spot_share={"spot": Fraction(60, 100)}) for scenario in Scenario]
    assert found == [Fraction("0.64384"), Fraction("0.73438"), Fraction("1.006")]


def test_an_on_demand_pool_pays_the_list_price() -> None:
    """In every month."""
    assert {price(scenario, GPU_POOL) for scenario in Scenario} == {Fraction("1.006")}


def test_without_a_spot_price_spot_costs_as_much_as_on_demand() -> None:
    """And without any price there is none."""
    assert price(Scenario.LOW, SPOT, FakePrices(spot=None)) == Fraction("1.006")
    assert price(Scenario.TYPICAL, SPOT, FakePrices({})) is None
    assert hour_price(Scenario.TYPICAL, GPU_POOL, C5, FakePrices({}), settings()) is None


@given(st.tuples(SHARES, SHARES, SHARES), st.fractions(0, 1), st.fractions(0, 1))
def test_low_is_never_above_typical_nor_typical_above_high(
    shares: tuple[str, str, str], fallback: Fraction, share: Fraction
) -> None:
    """Even where spot costs more than on demand, or its range is upside down."""
    own = {"spot_fallback": fallback, "spot_share": {"spot": share}}
    low, typical, high = (price(scenario, SPOT, FakePrices(spot=shares), **own) for scenario in Scenario)
    assert low is not None
    assert typical is not None
    assert high is not None
    assert low <= typical <= high


@given(st.integers(0, 50), st.integers(0, 50), st.fractions(0, 1), st.fractions(0, 1))
def test_more_load_never_means_fewer_replicas(least: int, span: int, one: Fraction, other: Fraction) -> None:
    """Between least at 0 and most at 1."""
    bounds = Bounds(least, least + span)
    low, high = sorted((one, other))
    assert bounds.least <= at_load(bounds, low) <= at_load(bounds, high) <= bounds.most
    assert (at_load(bounds, Fraction(0)), at_load(bounds, Fraction(1))) == (bounds.least, bounds.most)
