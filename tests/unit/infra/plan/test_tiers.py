"""Which replicas of a model are on nodes that stay, and which on spot."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import weeks
from infra.plan import Plan, Tier, make_plan
from infra.stack import ModelConfig, Window
from tests.unit.infra.plan.stacks import BURST, CATALOG, GPU, KEDA, config, model, one, plan

WINDOW = Window(weeks.DAYS[:5], 480, 1080, "UTC", 3)


def bounds(tiers: tuple[Tier, ...]) -> list[tuple[str, int, int]]:
    """Name, least and most of each."""
    return [(tier.name, tier.replicas.least, tier.replicas.most) for tier in tiers]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([one("legal", min_replicas=2, max_replicas=8)], [("base", 2, 8)]),
        ([BURST, one("legal", min_replicas=2, max_replicas=8)], [("base", 2, 2), ("burst", 1, 6)]),
        ([BURST, KEDA, one("legal", min_replicas=2, max_replicas=8, schedule=[])], [("base", 2, 2), ("burst", 0, 6)]),
        (
            [BURST, KEDA, one("legal", min_replicas=2, max_replicas=8, schedule=[], signal="cpu")],
            [("base", 2, 2), ("burst", 1, 6)],
        ),
        (
            [BURST, one("legal", min_replicas=3, max_replicas=8, on_demand_floor=1)],
            [("base", 1, 1), ("burst", 2, 7)],
        ),
        (
            [BURST, one("legal", min_replicas=1, max_replicas=8, on_demand_floor=4)],
            [("base", 1, 4), ("burst", 1, 4)],
        ),
        ([BURST, one("legal", min_replicas=2, max_replicas=8, on_demand_floor=0)], [("base", 2, 8)]),
        ([BURST, one("legal", min_replicas=2, max_replicas=2)], [("base", 2, 2)]),
    ],
)
def test_the_base_has_the_floor_and_the_burst_the_rest(groups: list[dict[str, Any]], expected: list[object]) -> None:
    """An HPA knows no 0, and nothing measures the processors of no pod: there a burst keeps one."""
    assert bounds(model(*groups).tiers) == expected


def test_a_floor_of_none_is_spot_altogether() -> None:
    """One tier, which prefers spot and ends as quickly as it must."""
    (tier,) = model(BURST, one("legal", min_replicas=2, max_replicas=8, on_demand_floor=0)).tiers
    assert (tier.name, tier.is_spot, tier.grace_s) == ("base", True, 110)


@pytest.mark.parametrize(
    ("provider", "own", "grace", "drain"),
    [
        ("aws", None, 110, 95),
        ("gcp", None, 25, 10),
        ("azure", None, 25, 10),
        ("other", None, 25, 10),
        ("gcp", 115, 115, 100),
        ("aws", 20, 20, 5),
    ],
)
def test_a_burst_ends_within_its_providers_notice(provider: str, own: int | None, grace: int, drain: int) -> None:
    """All of it is used; the base has as long as ever."""
    cluster = {"cluster": {"provider": provider}}
    base, burst = model(BURST, {"spot": {"use": "burst", "grace_s": own}}, cluster, one("legal")).tiers
    assert (burst.grace_s, burst.drain_s) == (grace, drain)
    assert (base.grace_s, base.drain_s) == (75, 60)


models = st.builds(
    lambda least, more, floor, spot, signal, windows: ModelConfig(
        "legal", least, least + more, None, spot=spot, floor=floor, signal=signal, windows=tuple(windows)
    ),
    st.integers(1, 9),
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(0, 20)),
    st.sampled_from(["none", "burst"]),
    st.sampled_from(["auto", "cpu", "queue"]),
    st.lists(st.builds(dataclasses.replace, st.just(WINDOW), least=st.integers(0, 9)), max_size=2),
)


@given(models, st.sampled_from(["hpa", "keda"]))
def test_tiers_have_what_the_model_has(chosen: ModelConfig, engine: str) -> None:
    """Together the same most; at least what is asked for, and one more where an autoscaler can't do with none."""
    signal = chosen.signal if engine == "keda" or chosen.signal != "queue" else "auto"
    windows = chosen.windows if engine == "keda" else ()
    chosen = dataclasses.replace(chosen, signal=signal, windows=windows)
    (found,) = _plan(chosen, engine).models
    week = weeks.week_of(windows, chosen.min_replicas)
    lowest = min(week.lowest, chosen.max_replicas)
    assert found.most == chosen.max_replicas
    assert lowest <= found.least <= lowest + len(found.tiers) - (engine == "keda" and signal != "cpu")
    assert all(0 <= tier.replicas.least <= tier.replicas.most for tier in found.tiers)
    assert [tier.name for tier in found.tiers] == ["base", "burst"][: len(found.tiers)]
    assert engine == "keda" or all(tier.replicas.least > 0 for tier in found.tiers)


def _plan(chosen: ModelConfig, engine: str) -> Plan:
    stack = config(KEDA if engine == "keda" else {}, one("legal"))
    return make_plan(dataclasses.replace(stack, models=(chosen,)), CATALOG)


def test_windows_are_shared_out_among_tiers() -> None:
    """The base has its part up to the floor, the burst what is above."""
    day = {"days": "weekdays", "start": "08:00", "end": "18:00", "min_replicas": 5}
    night = {"days": "daily", "start": "22:00", "end": "05:00", "min_replicas": 1}
    groups = [BURST, KEDA, one("legal", min_replicas=2, max_replicas=8, schedule=[day, night])]
    base, burst = model(*groups).tiers
    assert bounds((base, burst)) == [("base", 1, 2), ("burst", 0, 6)]
    assert [(each.start, each.end, each.least) for each in base.scaling.windows] == [("0 5 * * *", "0 22 * * *", 2)]
    assert [(each.start, each.end, each.least) for each in burst.scaling.windows] == [
        ("0 8 * * 1-5", "0 18 * * 1-5", 3)
    ]


def test_prod_keeps_a_floor_of_every_model_on_demand() -> None:
    """What no provider takes back."""
    for each in plan(stack="prod").models:
        assert not each.base.is_spot
        assert each.base.replicas.least >= 1
        assert each.id == "llama-3-70b" or each.tiers[1].is_spot
    assert {GPU, "legal"} <= {each.id for each in plan(stack="prod").models}
