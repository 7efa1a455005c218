"""The prices of one stack: list prices, spot, discounts, overrides, currency; what is not there is None."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from infra.cost import machines, price_file
from infra.cost.errors import PriceBookError
from infra.cost.price_book import PriceBook, mean_of_steps
from infra.cost.settings import CostSettings
from infra.cost.types import Capacity, Confidence, NodeType, Pool
from infra.units import GI

ABOUT = {"source": "a table", "version": "v1", "time": "2026-07-20T13:44:30Z", "licence": "Apache-2.0"}
CONTENT: Mapping[str, Any] = {
    "sha256": "abc",
    "version": "2026.07.20",
    "time": "2026-08-03T00:00:00Z",
    "sources": {
        "aws": ABOUT,
        "gcp": {**ABOUT, "time": "2026-08-03T00:00:00Z"},
        "azure": ABOUT,
        "hosted": {**ABOUT, "source": "a list"},
    },
    "on_demand": {
        "aws": {"us-east-1": {"g5.xlarge": "1.006", "m7i.xlarge": "0.2016", "p4d.24xlarge": "20"}},
        "gcp": {"us-central1": {"e2-standard-4": "0.134"}},
        "azure": {},
    },
    "spot": {"gcp": {"us-central1": {"e2-standard-4": "0.08"}}},
    "spot_shares": {
        "aws": {
            "us-east-1": {"g5": ["0.4", "0.45", "0.5"]},
            "default": {"gpu": ["0.3", "0.5", "0.75"], "cpu": ["0.25", "0.4", "0.6"]},
        }
    },
    "services": {
        "sources": {
            "list": {"url": "example.com/prices", "date": "2024-07-01", "licence": "MIT"},
            "known": {"url": "pages", "date": "undated", "licence": "facts"},
        },
        "aws": {
            "storage": {
                "gp3": {"price": "0.08", "source": "list", "note": "IOPS are extra"},
                "efs": {"price": "0.30", "source": "known"},
            },
            "classes": {"standard": "gp3"},
            "load_balancer": {"price": ["0.02", "0.025", "0.03"], "source": "list"},
            "control_plane": {"price": "0.10", "source": "list"},
            "nat": {"price": "0.045", "source": "list"},
            "nat_gateway": {"price": "0.05", "source": "list"},
            "egress": {"source": "list", "steps": [[100, "0.09"], [None, "0.05"]]},
        },
    },
    "hosted": {
        "same": {"provider": "p", "model": "m", "is_same": True, "why": "", "read": "0.1", "written": "0.5"},
        "near": {"provider": "p", "model": "n", "is_same": False, "why": "it is larger", "read": "1", "written": "1"},
    },
}  # fmt: skip
TODAY = datetime.date(2026, 11, 21)


def settings(**changes: Any) -> CostSettings:
    """AWS in us-east-1."""
    plain = CostSettings("aws", "us-east-1", (Pool("general", (machine("m7i.xlarge"),), Capacity.ON_DEMAND),))
    return replace(plain, **changes)


def machine(name: str, provider: str = "aws") -> NodeType:
    """One of the table."""
    found = machines.find(provider, name)
    assert found is not None
    return found


def book(**changes: Any) -> PriceBook:
    """The small book as a stack with these settings sees it."""
    return PriceBook(settings(**changes), CONTENT)


def amounts(price: Any) -> tuple[Any, Any, Any]:
    """Low, typical, high."""
    return price.low, price.typical, price.high


def test_an_hour_on_demand_is_the_list_price_exactly() -> None:
    """1.006 is 1006/1000, not the nearest float."""
    price = book().machine(machine("g5.xlarge"), Capacity.ON_DEMAND)
    assert price is not None
    assert amounts(price) == (Fraction(1006, 1000),) * 3
    assert price.confidence is Confidence.LIST_PRICE
    assert price.source == "a table v1, 2026-07-20, Apache-2.0"


def test_spot_is_a_share_of_its_family_in_its_region() -> None:
    """1.006 x 0.4 = 0.4024, x 0.45 = 0.4527, x 0.5 = 0.503."""
    price = book().machine(machine("g5.xlarge"), Capacity.SPOT)
    assert price is not None
    assert amounts(price) == (Fraction(4024, 10000), Fraction(4527, 10000), Fraction(503, 1000))
    assert price.confidence is Confidence.ASSUMED
    assert "0.4 to 0.5" in price.note


def test_spot_of_other_families_is_the_usual_share() -> None:
    """Of 20 dollars with GPUs 6, 10, 15; of 0.2016 without 0.0504, 0.08064, 0.12096."""
    with_gpus = book().machine(machine("p4d.24xlarge"), Capacity.SPOT)
    without = book().machine(machine("m7i.xlarge"), Capacity.SPOT)
    assert amounts(with_gpus) == (6, 10, 15)
    assert amounts(without) == (Fraction(504, 10000), Fraction(8064, 100000), Fraction(12096, 100000))


def test_spot_of_a_list_is_one_price() -> None:
    """Google lists it by region."""
    stack = PriceBook(settings(provider="gcp", region="us-central1"), CONTENT)
    price = stack.machine(machine("e2-standard-4", "gcp"), Capacity.SPOT)
    assert price is not None
    assert amounts(price) == (Fraction(8, 100),) * 3
    assert price.confidence is Confidence.LIST_PRICE


@pytest.mark.parametrize("capacity", Capacity)
def test_what_the_book_does_not_have_has_no_price(capacity: Capacity) -> None:
    """Neither a machine that is not in it, nor one that it has in another region only, nor one without shares."""
    assert book().machine(machine("m5.large"), capacity) is None
    assert book(region="eu-west-1").machine(machine("m7i.xlarge"), capacity) is None
    azure = PriceBook(settings(provider="azure", region="eastus"), CONTENT)
    assert azure.machine(machine("Standard_D4s_v5", "azure"), capacity) is None
    for price in (
        azure.storage("managed-csi"),
        azure.load_balancer(),
        azure.control_plane(),
        azure.nat(),
        azure.egress(),
    ):
        assert price is None


def test_a_discount_is_taken_off_what_it_is_for_and_off_no_spot() -> None:
    """10 % off 0.2016 is 0.18144; off storage 0.08 it is 0.072; the control plane stays 0.10."""
    stack = book(discounts_percent={"compute": 10, "storage": 10, "network": 20})
    price = stack.machine(machine("m7i.xlarge"), Capacity.ON_DEMAND)
    assert price is not None
    assert (price.typical, price.note) == (Fraction(18144, 100000), "less 10 %")
    assert amounts(stack.machine(machine("m7i.xlarge"), Capacity.SPOT))[1] == Fraction(8064, 100000)
    storage = stack.storage("gp3")
    assert storage is not None
    assert (storage.typical, storage.note) == (Fraction(72, 1000), "IOPS are extra; less 10 %")
    assert amounts(stack.load_balancer()) == (Fraction(16, 1000), Fraction(20, 1000), Fraction(24, 1000))
    assert amounts(stack.control_plane())[0] == Fraction(1, 10)


def test_an_override_is_what_is_paid() -> None:
    """Neither discounts nor the exchange rate change it; spot is a share of it: 0.45 of 0.8 = 0.36."""
    changes = {"discounts_percent": {"compute": 50}, "exchange_rate": Fraction(2)}
    stack = book(overrides={"g5.xlarge": Fraction(8, 10), "m5.large": Fraction(1)}, **changes)
    price = stack.machine(machine("g5.xlarge"), Capacity.ON_DEMAND)
    assert price is not None
    assert (amounts(price), price.confidence) == ((Fraction(8, 10),) * 3, Confidence.MEASURED)
    assert amounts(stack.machine(machine("g5.xlarge"), Capacity.SPOT))[1] == Fraction(36, 100)
    assert amounts(stack.machine(machine("m5.large"), Capacity.ON_DEMAND))[1] == 1


def test_prices_are_in_the_currency() -> None:
    """At 0.9 for a dollar, 0.2016 is 0.18144, spot 0.4 of that, a hosted model 0.2 is 0.18."""
    stack = book(currency="EUR", exchange_rate=Fraction(9, 10))
    assert amounts(stack.machine(machine("m7i.xlarge"), Capacity.ON_DEMAND))[1] == Fraction(18144, 100000)
    assert amounts(stack.machine(machine("m7i.xlarge"), Capacity.SPOT))[1] == Fraction(18144, 100000) * Fraction(4, 10)
    assert amounts(stack.storage("gp3"))[1] == Fraction(72, 1000)
    assert stack.api_prices()["same"].per_million == Fraction(18, 100)


def test_a_storage_class_is_what_the_stack_says_else_what_it_usually_is() -> None:
    """A class that is named like the provider's kind is that kind; of any other, nothing is known."""
    stack = book(storage_kinds={"fast": "efs", "wrong": "no such kind"})
    assert amounts(stack.storage("fast"))[1] == Fraction(3, 10)
    assert amounts(stack.storage("standard"))[1] == amounts(stack.storage("gp3"))[1] == Fraction(8, 100)
    assert amounts(book(storage_kinds={"standard": "efs"}).storage("standard"))[1] == Fraction(3, 10)
    assert stack.storage("wrong") is None
    assert stack.storage("") is None
    assert stack.storage("other") is None


def test_prices_that_nobody_read_on_a_day_are_assumed() -> None:
    """As are those that have a range."""
    stack = book()
    kinds = [stack.storage("gp3"), stack.storage("efs"), stack.load_balancer(), stack.nat(), stack.nat_gateway()]
    assert [price.confidence.value for price in kinds if price] == [
        "list price",
        "assumed",
        "assumed",
        "list price",
        "list price",
    ]


def test_egress_costs_the_mean_over_its_steps() -> None:
    """300 GB: 100 at 0.09 and 200 at 0.05 are 19 dollars, 0.19/3 a GB; without an amount the first step counts."""
    steps: list[list[Any]] = [[100, "0.09"], [None, "0.05"]]
    assert mean_of_steps(steps, 300) == Fraction(19, 300)
    assert mean_of_steps(steps, 100) == mean_of_steps(steps, 50) == mean_of_steps(steps, 0) == Fraction(9, 100)
    assert mean_of_steps([[10, "1"], [20, "0.5"], [None, "0"]], 40) == Fraction(15, 40)
    assert amounts(book(egress_gb=300).egress())[1] == Fraction(19, 300)


def test_a_hosted_model_costs_what_a_chat_reads_and_writes_there() -> None:
    """Three tokens at 0.1 and one at 0.5 are 0.8 for four: 0.2. What is not the same model says so."""
    prices = book().api_prices()
    assert prices["same"].per_million == Fraction(2, 10)
    assert prices["same"].name == "m of p, a list v1, 2026-07-20"
    assert prices["near"].name.endswith("; not the same model: it is larger")


def test_own_machines_cost_nothing_but_what_overrides_say() -> None:
    """And nothing around them does; each price says why."""
    box = NodeType("none", "box", 1000, GI)
    stack = PriceBook(settings(provider="none", region="none"), CONTENT)
    around = [stack.storage("x"), stack.load_balancer(), stack.control_plane(), stack.nat(), stack.egress()]
    around += [stack.nat_gateway(), stack.machine(box, Capacity.ON_DEMAND)]
    assert all(price is not None and amounts(price) == (0, 0, 0) and "own machine" in price.note for price in around)
    priced = PriceBook(settings(provider="none", region="none", overrides={"box": Fraction(2)}), CONTENT)
    assert amounts(priced.machine(box, Capacity.ON_DEMAND))[1] == 2
    assert stack.facts(TODAY).sources == ("machines of one's own",)
    assert stack.problems() == ()


def test_facts_are_those_of_the_stacks_provider() -> None:
    """From 2026-07-20 to 2026-11-21 are 11 + 31 + 30 + 31 + 21 = 124 days. Only sources that it can use are named."""
    facts = book().facts(TODAY)
    assert (facts.version, facts.sha256, facts.date, facts.age_days) == (
        "2026.07.20",
        "abc",
        datetime.date(2026, 7, 20),
        124,
    )
    assert facts.sources == (
        "a table v1, 2026-07-20, Apache-2.0",
        "example.com/prices, 2024-07-01, MIT",
        "pages, undated, facts",
    )
    assert PriceBook(settings(provider="gcp"), CONTENT).date() == datetime.date(2026, 8, 3)


def test_prices_younger_than_the_day_are_not_old() -> None:
    """An old plan that is priced again as of its day."""
    assert book().facts(datetime.date(2026, 1, 1)).age_days == 0


def test_a_region_without_any_machine_is_a_problem_that_names_the_known_ones() -> None:
    """Otherwise each machine would only lack a price."""
    assert book().problems() == ()
    assert book(region="us-east-9").problems() == (
        "no machine of aws has a price in region 'us-east-9'; known regions: us-east-1",
    )


def test_the_books_own_prices_are_found_for_every_provider() -> None:
    """The committed book has machines, spot, storage and the rest in a usual region of each."""
    for provider, region, name, storage_class in (
        ("aws", "us-east-1", "g5.2xlarge", "efs-sc"),
        ("azure", "westeurope", "Standard_NC4as_T4_v3", "managed-csi"),
        ("gcp", "europe-west4", "g2-standard-8", "premium-rwo"),
    ):
        stack = PriceBook(settings(provider=provider, region=region))
        listed, spot = (stack.machine(machine(name, provider), capacity) for capacity in Capacity)
        assert listed is not None
        assert spot is not None
        assert 0 < spot.low <= spot.typical <= spot.high <= listed.typical
        assert stack.problems() == ()
        for price in (stack.storage(storage_class), stack.load_balancer(), stack.control_plane(), stack.nat()):
            assert price is not None
            assert 0 < price.low <= price.typical <= price.high
        assert stack.egress() is not None
        assert len(stack.api_prices()) == 8


def test_a_price_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    """Its hash would vouch for figures that nobody has published."""
    path = tmp_path / "prices.json"
    text = price_file.PATH.read_text(encoding="utf-8")
    path.write_text(text.replace('"g5.xlarge": "1.006"', '"g5.xlarge": "0.006"'))
    with pytest.raises(PriceBookError, match="changed by hand"):
        price_file.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"format": 99})])
def test_a_price_file_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """With what to do."""
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(PriceBookError, match="make prices"):
        price_file.load(path)


def test_a_price_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(PriceBookError, match="make prices"):
        price_file.load(tmp_path / "none.json")
