"""Reading `slipway:cost`: numbers without floats, defaults, all problems at once."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.cost.errors import CostSettingsError
from infra.cost.price_book import PriceBook
from infra.cost.settings import Budgets, CostSettings, SharedCosts, Traffic
from infra.cost.settings_file import EXAMPLE, of_stack_file, parse
from infra.cost.types import Capacity
from infra.settings import words
from infra.units import GI

LEAST: dict[str, Any] = {
    "provider": "aws",
    "region": "us-east-1",
    "pools": [{"name": "general", "types": ["m7i.xlarge"]}],
}


def problems(data: object) -> list[str]:
    """What is said of wrong settings."""
    with pytest.raises(CostSettingsError) as raised:
        parse(data)
    return list(raised.value.problems)


def test_provider_region_and_pools_are_enough() -> None:
    """All else is the default of the settings."""
    settings = parse(LEAST)
    [pool] = settings.pools
    assert settings == CostSettings("aws", "us-east-1", (pool,))
    assert (pool.name, [each.name for each in pool.types]) == ("general", ["m7i.xlarge"])
    assert pool.capacity is Capacity.ON_DEMAND
    assert pool.zones == ("us-east-1a", "us-east-1b", "us-east-1c")
    assert (pool.taints, pool.labels, pool.min_nodes, pool.max_nodes) == ((), {}, 0, None)


def test_everything_that_can_be_set_is_read() -> None:
    """Each key once."""
    settings = parse(
        {
            "provider": "aws",
            "region": "us-east-1",
            "currency": "EUR",
            "exchange_rate": "0.92",
            "control_plane": False,
            "pools": [
                {
                    "name": "own",
                    "types": ["box"],
                    "capacity": "spot",
                    "zones": ["z1"],
                    "labels": {"team": "a"},
                    "taints": [{"key": "only", "value": "us", "effect": "NoExecute"}],
                    "min_nodes": 1,
                    "max_nodes": 3,
                }
            ],
            "machines": {"box": {"cpu": "64", "memory": "256Gi", "gpus": 2, "gpu": "NVIDIA-L40S", "max_pods": 50}},
            "storage_kinds": {"fast": "gp3"},
            "discounts_percent": {"compute": 20, "storage": 5},
            "overrides": {"box": "1.5"},
            "traffic": {"legal": {"peak_tokens_s": 900, "utilisation": "0.5", "target": "0.7"}},
            "budgets": {
                "typical": 7000,
                "high": 12000,
                "per_model": {"legal": 800},
                "per_million_tokens": {"legal": "1.20"},
                "warn_percent": 70,
                "critical_percent": 90,
            },
            "assumptions": {
                "working_time_load": "0.4",
                "other_time_load": 0,
                "spot_share": {"own": "0.8"},
                "spot_fallback": 0.05,
                "reclaims_per_month": "0.2",
                "scale_ups_per_day": 3,
                "releases_per_month": 8,
                "image_bytes": "4G",
                "egress_gb": 100,
                "num_nat_gateways": 3,
                "shared_costs": "weighted",
                "time_zone": "Europe/Berlin",
                "stale_warning_days": 30,
                "stale_failure_days": 60,
            },
        }
    )
    [pool] = settings.pools
    [box] = pool.types
    assert (box.provider, box.cpu_m, box.memory_bytes, box.max_pods) == ("aws", 64000, 256 * GI, 50)
    assert (box.gpus, box.gpu_product, box.gpu_memory_bytes // 2**20) == (2, "NVIDIA-L40S", 46068)
    assert (pool.capacity, pool.zones, pool.labels) == (Capacity.SPOT, ("z1",), {"team": "a"})
    assert pool.taints == ({"key": "only", "value": "us", "effect": "NoExecute"},)
    assert (pool.min_nodes, pool.max_nodes) == (1, 3)
    assert settings == CostSettings(
        provider="aws",
        region="us-east-1",
        pools=(pool,),
        currency="EUR",
        exchange_rate=Fraction(92, 100),
        has_control_plane=False,
        storage_kinds={"fast": "gp3"},
        discounts_percent={"compute": 20, "storage": 5},
        overrides={"box": Fraction(3, 2)},
        traffic={"legal": Traffic(Fraction(900), Fraction(1, 2), Fraction(7, 10))},
        budgets=Budgets(7000, 12000, {"legal": 800}, {"legal": Fraction(6, 5)}, 70, 90),
        working_time_load=Fraction(2, 5),
        other_time_load=Fraction(0),
        spot_share={"own": Fraction(4, 5)},
        spot_fallback=Fraction(1, 20),
        reclaims_per_month=Fraction(1, 5),
        scale_ups_per_day=Fraction(3),
        releases_per_month=Fraction(8),
        image_bytes=4 * 10**9,
        egress_gb=100,
        num_nat_gateways=3,
        shared_costs=SharedCosts.WEIGHTED,
        time_zone="Europe/Berlin",
        stale_warning_days=30,
        stale_failure_days=60,
    )


@given(st.decimals(min_value=0, max_value=1, places=6))
def test_a_float_of_yaml_counts_by_its_text(number: Any) -> None:
    """0.1 is a tenth, whether it is written with or without quotes."""
    plain = yaml.safe_load(f"{number:f}")
    for written in (plain, f"{number:f}"):
        settings = parse({**LEAST, "assumptions": {"spot_fallback": written}})
        assert settings.spot_fallback == Fraction(number)


@pytest.mark.parametrize("number", ["x", "-1", "nan", "inf", "1e400", True, None, [], "1,5"])
def test_what_is_no_number_is_refused(number: object) -> None:
    """Absurd ones, too."""
    [problem] = problems({**LEAST, "overrides": {"m7i.xlarge": number}})
    assert problem.startswith("slipway:cost.overrides.m7i.xlarge: ")
    assert "allowed: a number of 0 or more" in problem


def test_all_wrong_keys_values_and_types_are_told_together() -> None:
    """With the setting, the value and what is allowed."""
    found = problems(
        {
            "provider": "ibm",
            "region": 3,
            "pools": [{"name": "x", "types": [], "zone": "a"}],
            "assumptions": {"spot_fallback": "1.5", "time_zone": "Mars/Base", "shared_costs": "half"},
            "traffic": {"legal": {"target": 0, "peak_tokens_s": 1}},
            "currency": "euro",
            "exchange_rate": 0,
        }
    )
    assert [each.split(": ")[0].removeprefix("slipway:cost.") for each in found] == [
        "provider",
        "region",
        "pools.0.types",
        "pools.0.zone",
        "currency",
        "exchange_rate",
        "traffic.legal.target",
        "assumptions.spot_fallback",
        "assumptions.shared_costs",
        "assumptions.time_zone",
    ]
    assert all("allowed" in each or "unknown key; allowed: name, types" in each for each in found), found


def test_what_does_not_fit_together_is_told_together() -> None:
    """Names of machines and pools, orders of numbers."""
    found = problems(
        {
            "provider": "aws",
            "pools": [
                {"name": "a", "types": ["m7i.xlrge"]},
                {"name": "a", "types": ["Standard_D4s_v5"], "min_nodes": 3, "max_nodes": 2},
            ],
            "overrides": {"m9.huge": 1},
            "assumptions": {"spot_share": {"b": 1}},
            "budgets": {"warn_percent": 99},
        }
    )
    assert found == [
        "slipway:cost.region: is missing; allowed: a region of aws",
        "slipway:cost.pools: 'a' is there 2 times; allowed: once",
        "slipway:cost.pools.0.types: 'm7i.xlrge' is not allowed; "
        "did you mean m7i.xlarge or m7i.8xlarge or m7i.4xlarge? "
        "Describe any other one under machines, and its price under overrides",
        "slipway:cost.pools.1.types: 'Standard_D4s_v5' is not allowed; allowed: a machine of aws that is known. "
        "Describe any other one under machines, and its price under overrides",
        "slipway:cost.pools.1.max_nodes: 2 is below min_nodes; allowed: 3 or more",
        "slipway:cost.overrides.m9.huge: there is no such machine; allowed: a machine of aws that is known. "
        "Describe any other one under machines, and its price under overrides",
        "slipway:cost.assumptions.spot_share.b: there is no such pool; allowed: a",
        "slipway:cost.budgets.warn_percent: is above critical_percent; allowed: at most that",
    ]


def test_pools_are_needed_where_machines_are_paid_for() -> None:
    """Nothing can be packed on no node."""
    assert problems({"provider": "gcp", "region": "us-central1"}) == [
        "slipway:cost.pools: is missing; allowed: at least one pool of nodes"
    ]


@pytest.mark.parametrize("data", [None, [], "aws", 3])
def test_settings_that_are_no_mapping_are_refused_with_an_example(data: object) -> None:
    """The example can be copied."""
    [problem] = problems(data)
    assert EXAMPLE in problem


def test_nodes_with_gpus_are_tainted_as_gpu_operators_do_it() -> None:
    """Pods that do not tolerate it are kept off, which decides how many nodes there are."""
    settings = parse(
        {**LEAST, "pools": [{"name": "gpu", "types": ["g5.xlarge"]}, {"name": "no", "types": ["m5.large"]}]}
    )
    assert [pool.taints for pool in settings.pools] == [({"key": "nvidia.com/gpu", "effect": "NoSchedule"},), ()]


def test_spot_nodes_of_azure_are_tainted_as_aks_does_it() -> None:
    """Those of AWS and Google are not."""
    spot = {"name": "spot", "types": ["Standard_NC4as_T4_v3"], "capacity": "spot"}
    settings = parse({"provider": "azure", "region": "eastus", "pools": [spot]})
    keys = [taint["key"] for taint in settings.pools[0].taints]
    assert keys == ["nvidia.com/gpu", "kubernetes.azure.com/scalesetpriority"]
    assert parse({**LEAST, "pools": [{**LEAST["pools"][0], "capacity": "spot"}]}).pools[0].taints == ()


def test_taints_that_are_given_are_all_that_there_are() -> None:
    """An empty list means none, also for GPUs."""
    settings = parse({**LEAST, "pools": [{"name": "gpu", "types": ["g5.xlarge"], "taints": []}]})
    assert settings.pools[0].taints == ()


def test_own_machines_need_no_pool() -> None:
    """`none`: one machine on which everything fits."""
    settings = parse({"provider": "none"})
    [pool] = settings.pools
    assert [each.provider for each in pool.types] == ["none"]
    assert pool.types[0].cpu_m > 10**6


def test_a_stack_file_without_cost_settings_gets_an_example_that_works() -> None:
    """So that `slipway cost` is one paste away."""
    with pytest.raises(CostSettingsError) as raised:
        of_stack_file("config:\n  slipway:namespace: x\n")
    assert EXAMPLE in str(raised.value)
    settings = of_stack_file("config:\n" + EXAMPLE)
    assert (settings.provider, len(settings.pools)) == ("aws", 2)


@pytest.mark.parametrize("text", ["", "[]", "config: 3", "config: {"])
def test_a_stack_file_that_is_none_is_refused(text: str) -> None:
    """Never a traceback."""
    with pytest.raises(CostSettingsError):
        of_stack_file(text)


@pytest.mark.parametrize("stack", ["local", "staging", "prod"])
def test_the_cost_settings_of_every_stack_are_right(stack: str) -> None:
    """Each of its machines has a price where it runs, each storage class, too; local costs nothing."""
    root = Path(__file__).parent.parent.parent.parent
    file = yaml.safe_load((root / f"Pulumi.{stack}.yaml").read_text())
    settings = parse(file["config"]["slipway:cost"])
    book = PriceBook(settings)
    assert book.problems() == ()
    assert (settings.provider == "none") == (stack == "local")
    for pool in settings.pools:
        assert all(book.machine(node, pool.capacity) is not None for node in pool.types)
    storage = file["config"].get("slipway:storage", {})
    assert book.storage(storage.get("weights_class", words.WEIGHTS_CLASS)) is not None
