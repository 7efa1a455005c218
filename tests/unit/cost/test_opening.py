"""Joining the committed tables with what a stack says."""

import datetime
from fractions import Fraction

from infra.cost.opening import open_market
from infra.cost.settings_file import EXAMPLE, of_stack_file
from infra.cost.throughput_file import Entry
from infra.cost.types import Capacity, Demand, Resources, Shape, Workload
from infra.units import GI

SETTINGS = of_stack_file("config:\n" + EXAMPLE)
POD = Workload("Deployment", "n", "legal", Shape(Resources(2000, 8 * GI)), 1, 2, model="legal")


def test_a_stack_gets_prices_speeds_apis_and_machines() -> None:
    """From provider, region and pools alone."""
    market = open_market(SETTINGS, Demand((POD,)))
    node = SETTINGS.pools[0].types[0]
    assert market.settings is SETTINGS
    assert market.prices.machine(node, Capacity.ON_DEMAND) is not None
    assert set(market.throughput) == {"legal"}
    assert "legal" in market.api_prices
    assert {each.provider for each in market.machines} == {"aws"}


def test_what_was_measured_counts_before_what_is_derived() -> None:
    """As soon as a benchmark has written it."""
    entry = Entry(
        model="legal",
        hardware="cpu-8g",
        count=Fraction(4),
        engine="llama.cpp",
        quantisation="Q4_K_M",
        context_tokens=4096,
        slots=4,
        single_tokens_s=Fraction(5),
        origin="measured",
        source="bench",
        date=datetime.date(2026, 11, 21),
        tokens_s=Fraction(10),
        prompt_tokens_s=Fraction(10),
    )
    derived = open_market(SETTINGS, Demand((POD,))).throughput["legal"]
    measured = open_market(SETTINGS, Demand((POD,)), measured=[entry]).throughput["legal"]
    assert (derived.is_measured, measured.is_measured) == (False, True)
    assert measured.tokens_s == 10
