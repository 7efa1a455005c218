"""The cheapest node types on which every pod still fits."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.cost import optimise as module
from infra.cost.market import Market, Packer
from infra.cost.money import Range
from infra.cost.optimise import Optimisation, optimise
from infra.cost.optimise_text import text
from infra.cost.types import Capacity, Demand, NodeType, Pool
from infra.units import GI
from tests.unit.cost.stacks import A10G, C5, G5, G5_12, GPU_TAINT, FakePrices, demand, market, server, workload

SMALL = NodeType("aws", "c5.xlarge", 4000, 8 * GI, max_pods=58)
PRICES = FakePrices({"g5.xlarge": "1.006", "g5.12xlarge": "5.672", "c5.4xlarge": "0.68", "c5.xlarge": "0.17"})
LARGE_GPU_POOL = Pool("gpu", (G5_12,), Capacity.ON_DEMAND, taints=(GPU_TAINT,))


def types(found: Optimisation) -> dict[str, list[str]]:
    """By pool."""
    return {pool.name: [node.name for node in pool.types] for pool in found.best.pools}


def test_four_servers_on_four_small_nodes() -> None:
    """4 x 1.006 = 4.024 an hour instead of 5.672: 1.648 x 730 = 1,203.04 a month."""
    found = optimise(demand(server(replicas=(4, 4))), market(LARGE_GPU_POOL, prices=PRICES), [G5, G5_12])
    assert types(found) == {"gpu": ["g5.xlarge"]}
    assert found.saving == Range(120304, 120304, 120304)
    assert found.is_whole
    assert [(before.types, after.types) for before, after in found.changes] == [((G5_12,), (G5,))]


def test_what_is_cheapest_stays() -> None:
    """Nothing is saved, and that is said."""
    pool = replace(LARGE_GPU_POOL, types=(G5,))
    found = optimise(demand(server(replicas=(2, 2))), market(pool, prices=PRICES), [G5, G5_12])
    assert found.best is found.now
    assert (found.saving, found.changes) == (Range(), ())
    assert text(found).startswith("No other node types were found that cost less")


def test_all_but_the_types_of_a_pool_stays() -> None:
    """Zones, labels, taints, capacity, bounds of nodes."""
    pool = replace(
        LARGE_GPU_POOL, zones=("a", "b"), labels={"x": "y"}, min_nodes=1, max_nodes=9, capacity=Capacity.SPOT
    )
    found = optimise(demand(server(replicas=(2, 4))), market(pool, prices=PRICES), [G5])
    assert found.best.pools == (replace(pool, types=(G5,)),)


def test_another_gpu_or_processor_is_no_candidate() -> None:
    """Nor another provider's machine, a burstable one, or one without a price."""
    others = [
        replace(G5, name="cheap", gpu_product="Tesla-T4"),
        replace(G5, name="cheap", arch="arm64"),
        replace(G5, name="cheap", provider="gcp"),
        replace(G5, name="t3.cheap"),
        replace(G5, name="no price"),
    ]
    prices = FakePrices({**PRICES.hourly, "cheap": "0.01", "t3.cheap": "0.01"})
    for other in others:
        found = optimise(demand(server(replicas=(4, 4))), market(LARGE_GPU_POOL, prices=prices), [other])
        assert found.best is found.now


def test_burstable_machines_come_where_there_are_some() -> None:
    """Who has t3 may get t3."""
    prices = FakePrices({"t3.xlarge": "0.2", "t3.large": "0.1"})
    pool = Pool("cpu", (NodeType("aws", "t3.xlarge", 4000, 16 * GI),), Capacity.ON_DEMAND)
    found = optimise(demand(workload()), market(pool, prices=prices), [NodeType("aws", "t3.large", 2000, 8 * GI)])
    assert types(found) == {"cpu": ["t3.large"]}


def test_a_type_that_pods_ask_for_stays() -> None:
    """They select g5.12xlarge by name."""
    spec = {**server().shape.spec, "nodeSelector": {"node.kubernetes.io/instance-type": "g5.12xlarge"}}
    found = optimise(demand(server(replicas=(1, 1), spec=spec)), market(LARGE_GPU_POOL, prices=PRICES), [G5])
    assert found.best is found.now
    assert found.num_trials == 1


def test_a_large_and_a_small_type_together() -> None:
    """The large pod needs 15 cores; the small one costs 0.17 instead of another 0.68 when it has no room beside it."""
    large, small = workload("large", cpu_m=15000, memory_gib=20), workload("small", cpu_m=3000, memory_gib=4)
    pool = Pool("cpu", (C5,), Capacity.ON_DEMAND)
    found = optimise(demand(large, small), market(pool, prices=PRICES), [SMALL])
    assert sorted(types(found)["cpu"]) == ["c5.4xlarge", "c5.xlarge"]
    assert found.saving.typical_cents == 37230  # 0.51 x 730 = 372.30
    assert found.too_small
    assert found.too_small.why.startswith("1 of slipway/large: it needs 15000m")
    assert "Cheaper, but does not fit: cpu with c5.xlarge: 1 of slipway/large" in text(found)


def test_what_fits_nowhere_now_is_made_to_fit_whatever_it_costs() -> None:
    """A pod of 8 cores in a pool of 4: the larger type is dearer, and needed."""
    pool = Pool("cpu", (SMALL,), Capacity.ON_DEMAND)
    found = optimise(demand(workload(cpu_m=8000)), market(pool, prices=PRICES), [C5])
    assert (found.now.num_unplaced, found.best.num_unplaced) == (1, 0)
    assert "Now 1 pods fit nowhere" in text(found)


def test_typical_is_not_bought_with_a_dearer_high() -> None:
    """In the typical month one pod runs, which the small node holds for 0.17; ten of them are cheaper on large nodes:
    3 of 0.68 instead of 10 of 0.25 at high.
    """
    prices = FakePrices({"c5.4xlarge": "0.68", "c5.xlarge": "0.25"})
    pods = demand(workload(replicas=(1, 10), cpu_m=3500, memory_gib=6))

    def of(*candidates: NodeType, now: NodeType) -> Optimisation:
        pool = Pool("cpu", (now,), Capacity.ON_DEMAND)
        rest = {"working_time_load": Fraction(0), "other_time_load": Fraction(0)}
        return optimise(pods, market(pool, prices=prices, **rest), candidates)

    large, small = of(now=C5).now.cost, of(now=SMALL).now.cost
    assert small.typical_cents < large.typical_cents
    assert small.high_cents > large.high_cents
    found = of(SMALL, now=C5)
    assert (found.best is found.now, found.num_trials) == (True, 3)


def test_the_words_say_what_changes_and_why_nothing_else() -> None:
    """Each pool, before and after; the next best and how much dearer it is."""
    pool = replace(LARGE_GPU_POOL, types=(G5_12,))
    middle = NodeType("aws", "g5.8xlarge", 32000, 128 * GI, 1, A10G, 24 * GI)
    prices = FakePrices({**PRICES.hourly, "g5.8xlarge": "1.1"})
    found = optimise(demand(server(replicas=(4, 4))), market(pool, prices=prices), [G5, middle])
    lines = text(found, "EUR").splitlines()
    assert lines[0] == "Saves 1,203.04 EUR of nodes a month, 1,203.04 when it is cheapest, 1,203.04 when it is dearest."
    assert lines[1] == "  pool gpu: g5.12xlarge -> g5.xlarge"
    assert lines[2].startswith("Nodes now: 4,140.56 (4,140.56 to 4,140.56) EUR a month; then: 2,937.52")
    assert any(line.startswith("Next best: gpu with") for line in lines)
    assert lines[-1].startswith("Every pod fits at its most replicas")


def test_the_search_ends_at_its_bound_and_says_so(monkeypatch: Any) -> None:
    """Here after one trial besides what is there now."""
    monkeypatch.setattr(module, "MAX_TRIALS", 2)
    found = optimise(demand(server(replicas=(4, 4))), market(LARGE_GPU_POOL, prices=PRICES), [G5])
    assert (found.num_trials, found.is_whole) == (2, False)
    assert "ended at its bound" in text(found)


MACHINES = [C5, SMALL, G5, G5_12]
WORKLOADS = st.lists(
    st.tuples(st.integers(100, 15000), st.integers(1, 24), st.integers(0, 1), st.integers(0, 3), st.integers(0, 4)),
    min_size=1,
    max_size=5,
)


def stack(asks: list[tuple[int, int, int, int, int]], gpu: NodeType, cpu: NodeType) -> tuple[Demand, Market]:
    """Two pools."""
    pods = [
        workload(f"w{i}", (least, least + more), cpu_m=min(cpu_m, 3000) if gpus else cpu_m,
                 memory_gib=min(gib, 12) if gpus else gib, gpus=gpus)
        for i, (cpu_m, gib, gpus, least, more) in enumerate(asks)
    ]  # fmt: skip
    pools = Pool("gpu", (gpu,), Capacity.SPOT, taints=(GPU_TAINT,)), Pool("cpu", (cpu,), Capacity.ON_DEMAND)
    return demand(*pods), market(*pools, prices=PRICES)


@settings(max_examples=40, deadline=None)
@given(WORKLOADS, st.sampled_from([G5, G5_12]), st.sampled_from([C5, SMALL]))
def test_it_is_never_dearer_and_always_fits(
    asks: list[tuple[int, int, int, int, int]], gpu: NodeType, cpu: NodeType
) -> None:
    """Typical and high, if what is there now fits; and no pod that fits now fits nowhere then."""
    stack_demand, on = stack(asks, gpu, cpu)
    found = optimise(stack_demand, on, MACHINES)
    assert found.best.num_unplaced <= found.now.num_unplaced
    if not found.now.num_unplaced:
        assert found.saving.typical_cents >= 0
        assert found.saving.high_cents >= 0
        changed = replace(on, settings=replace(on.settings, pools=found.best.pools))
        most = tuple(each.max_replicas for each in stack_demand.workloads)
        assert Packer(stack_demand, changed).pack(most).unplaced == ()
    again = optimise(stack_demand, on, MACHINES)
    assert (again.best.pools, again.num_trials) == (found.best.pools, found.num_trials)
    assert text(found)
