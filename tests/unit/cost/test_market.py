"""Prices of a scenario, and packings that are kept."""

from fractions import Fraction

from infra.cost.market import HourPrices, Packer, offers_of
from infra.cost.scenarios import Scenario
from tests.unit.cost.stacks import FakePrices, demand, market, server


def test_prices_of_a_scenario_are_asked_once() -> None:
    """And sums leave out what has none."""
    price = HourPrices(market(), Scenario.TYPICAL)
    packing = Packer(demand(server(replicas=(2, 2))), market()).pack((2,))
    assert price.of(packing) == Fraction("2.012")
    assert HourPrices(market(prices=FakePrices({})), Scenario.TYPICAL).of(packing) == 0


def test_a_packer_packs_equal_replicas_once() -> None:
    """The very same packing comes back."""
    packer = Packer(demand(server(replicas=(1, 4))), market())
    assert packer.pack((2,)) is packer.pack((2,))
    assert len(packer.pack((3,)).nodes) == 3


def test_offers_may_be_shared_between_states() -> None:
    """What can be bought does not hang on how many are wanted."""
    offers = offers_of(market(), ())
    assert Packer(demand(server()), market(), offers).offers is offers
