"""Dollars per million tokens."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from infra.cost import tokens
from infra.cost.book import ApiPrice
from infra.cost.estimate import estimate
from infra.cost.market import Market, Packer
from infra.cost.months import months
from infra.cost.report import TokenCost
from infra.cost.scenarios import Scenario, Throughput
from infra.cost.settings import Traffic
from infra.cost.types import Demand
from tests.unit.cost.stacks import demand, market, server

KNOWN = {"llama": Throughput(Fraction(500), "measured: a benchmark", is_measured=True)}
API = {"llama": ApiPrice("llama of a host", Fraction("0.50"))}


def costs(stack: Demand, on: Market) -> dict[str, TokenCost]:
    """By model."""
    packer = Packer(stack, on)
    all_months = months(stack, on, packer)
    found = estimate(stack, on, all_months, packer)
    return dict(tokens.costs(stack, all_months[Scenario.TYPICAL], found, on))


def on_market(**changed: Any) -> Market:
    """With known speeds and a hosted model."""
    return replace(market(**changed), throughput=KNOWN, api_prices=API)


def test_two_dollars_an_hour_at_two_thousand_tokens_a_second() -> None:
    """7.2 million tokens an hour: 0.28 a million when always busy, 1.40 (1.39) at a fifth of it."""
    hour = Fraction(2000 * 3600)
    assert round(float(tokens.per_million(Fraction(2), hour)), 2) == 0.28
    assert round(float(tokens.per_million(Fraction(2), hour / 5)), 2) == 1.39


def test_a_model_on_one_gpu_by_hand() -> None:
    """734.38 a month; 500 tokens/s x 730 x 3,600 = 1,314 million possible: 0.559 a million. Served are 45 % of them
    where nobody says more: 1.242. At 0.50 a million an API costs as much at 1,468.76 million tokens.
    """
    found = costs(demand(server()), on_market())["llama"]
    assert round(float(found.usage), 3) == 0.559
    assert round(float(found.allocation), 3) == 1.242
    assert found.utilisation == Fraction(45, 100)
    assert found.break_even_tokens == 1_468_760_000
    assert found.api_name == "llama of a host"


def test_usage_by_allocation_is_the_utilisation() -> None:
    """With traffic: 225 tokens a second on average of 500 possible, 45 %; and never more than is possible."""
    found = costs(demand(server()), on_market(traffic={"llama": Traffic(Fraction(1000))}))["llama"]
    assert found.usage / found.allocation == found.utilisation == Fraction(45, 100)
    most = costs(demand(server()), on_market(traffic={"llama": Traffic(Fraction(10**6))}))["llama"]
    assert most.utilisation == 1


def test_a_model_without_known_speed_or_traffic_has_no_such_price() -> None:
    """Nor one that never runs."""
    assert costs(demand(server("other")), on_market()) == {}
    assert costs(demand(server(replicas=(0, 0))), on_market()) == {}
    assert costs(demand(server()), on_market(traffic={"llama": Traffic(Fraction(0))})) == {}


def test_an_api_that_costs_nothing_is_never_dearer() -> None:
    """There is no break-even."""
    assert tokens.break_even(Fraction(100), ApiPrice("free", Fraction(0))) is None
    assert tokens.break_even(Fraction(1), ApiPrice("x", Fraction(3))) == 333_334


def test_all_replicas_of_a_model_count_together() -> None:
    """Two workloads that serve it."""
    stack = demand(server(), replace(server(), name="llama-b"))
    on = on_market()
    month = months(stack, on, Packer(stack, on))[Scenario.TYPICAL]
    assert tokens.replica_hours(stack, month) == {"llama": 1460}
