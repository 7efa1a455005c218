"""Replicas that are paid and do not serve yet."""

from fractions import Fraction

from infra.cost.cold_starts import starts
from infra.cost.market import Market, Packer
from infra.cost.months import months
from infra.cost.scenarios import Scenario
from infra.cost.types import Demand, Window
from tests.unit.cost.stacks import demand, market, server


def events(stack: Demand, on: Market) -> list[Fraction]:
    """Of each workload in a month."""
    return [each.events for each in starts(stack, months(stack, on, Packer(stack, on))[Scenario.TYPICAL], on)]


def test_a_schedule_starts_its_replicas_each_day() -> None:
    """From 0 to 3 on five days: 15 a week, 15 / 168 x 730 = 65.18 a month."""
    office = tuple(Window(day * 24 + 8, day * 24 + 20, 3, 3) for day in range(5))
    stack = demand(server(replicas=(0, 3), schedule=(Window(0, 168, 0, 0), *office)))
    assert events(stack, market()) == [Fraction(15 * 730, 168)]


def test_an_autoscaler_starts_some_more() -> None:
    """2 a day by assumption, 2 x 730 / 24 = 60.83; and of 1 to 8 replicas 3 run by day, 2 at night: one a workday."""
    assert events(demand(server(replicas=(1, 8))), market(scale_ups_per_day=Fraction(2))) == [
        Fraction(5 * 730, 168) + Fraction(2 * 730, 24)
    ]


def test_a_fixed_number_starts_nothing() -> None:
    """Whatever is assumed."""
    assert events(demand(server(replicas=(3, 3))), market(scale_ups_per_day=Fraction(2))) == [0]


def test_loading_is_paid_by_the_second() -> None:
    """60 events of 6 minutes: 6 hours."""
    stack = demand(server(replicas=(1, 2), load_s=360))
    on = market(scale_ups_per_day=Fraction(60 * 24, 730))
    [found] = starts(stack, months(stack, on, Packer(stack, on))[Scenario.TYPICAL], on)
    assert found.hours == 6
